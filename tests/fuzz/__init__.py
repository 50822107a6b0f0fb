"""Damaged API descriptions, by the hundred in the suite and by the hundred thousand on demand; `language`: features."""
