"""What files hold, and what hostile ones claim."""
