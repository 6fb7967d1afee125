"""What others would write by hand: code that shares nothing with perfpy."""
