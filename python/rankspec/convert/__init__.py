"""Turns configurations of other systems into RankSpec messages."""
