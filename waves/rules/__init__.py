"""What a plan is held against beside its own file: good practice, and the rules that a team writes down."""
