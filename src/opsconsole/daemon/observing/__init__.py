"""What alerts have to know, observed: each module asks the store one kind of question and says what it found.

Always true here: an eye says nothing of what it could not see, and why; none is opened oftener than its cost allows.
"""
