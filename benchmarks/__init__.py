"""What the program costs, as ratios to other work done in the same run. Read README.md first."""
