"""A group for each role, with the permissions of that role and of those below."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = ["viewer", "contributor", "maintainer", "admin"]
PERMISSIONS = ["read_artifacts", "log_artifacts", "maintain_artifacts", "administer_portal"]


def make_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are made after all migrations; these are needed now.
    config = apps.get_app_config("accounts")
    config.models_module = True  # type: ignore[assignment] # as Django's own migrations do
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    group_model = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="accounts", content_type__model="user"
    )
    for number, role in enumerate(ROLES, 1):
        group, _ = group_model.objects.get_or_create(name=role)
        group.permissions.add(*permissions.filter(codename__in=PERMISSIONS[:number]))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_add_teams_tokens_audit"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
