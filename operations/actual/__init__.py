"""What a stack did cost: the clouds' FOCUS exports, beside what was foreseen."""
