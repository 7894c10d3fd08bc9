"""What templates of every room say alike."""
