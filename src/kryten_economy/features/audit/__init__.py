"""What operators have done, and how it is taken back."""
