"""What is typed: each command with its arguments and options. What it does lies one folder up."""
