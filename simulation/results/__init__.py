"""What many rollouts come to: outcomes, sums, estimates with intervals, the list of figures, numbers in words."""
