"""What other systems call a plan: one folder a system."""
