"""Durability under real faults: own servers and processes, a recording remote side, faults by seed, and a checker."""
