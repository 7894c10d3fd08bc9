from django.db import migrations, models

# What is in it is worth a minute: no need to write it twice, or to keep it through a crash.
UNLOGGED = "ALTER TABLE accounts_requestcount SET UNLOGGED"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_keep_audit_events")]

    operations = [
        migrations.CreateModel(
            name="RequestCount",
            fields=[
                ("key", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("minute", models.BigIntegerField(help_text="Minutes since the epoch.")),
                ("count", models.PositiveIntegerField(default=1)),
            ],
            options={
                "indexes": [models.Index(fields=["minute"], name="request_count_by_minute")],
            },
        ),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
    ]
