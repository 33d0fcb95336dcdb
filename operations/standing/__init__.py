"""What stands of a stack, and the step from there to what its stack file says now.

`reading` reads what stands, `recorder` runs the program against it, `steps` says what would change and what a change
destroys, and `judgement` what may not be destroyed unless the stack file allows it.
"""
