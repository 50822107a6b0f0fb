"""The one place that says in which colour and with which word a state is shown."""

from typing import Final

_WORDS_BY_TONE: Final = {
    "ok": "completed succeeded healthy ok active live online delivered enabled valid accepted applied up ready done",
    "bad": "failed error broken unhealthy down expired revoked dead invalid timed_out offline lost rejected missing",
    "busy": "running starting sending reading importing deploying claimed started applying",
    "wait": "waiting sleeping scheduled retrying pending_approval incomplete",
    "warn": "rolled_back rolling_back warning degraded draining cancelling partial stale expiring paused changed",
}
_TONES: Final = {word: tone for tone, words in _WORDS_BY_TONE.items() for word in words.split()}
_LABELS: Final = {"ok": "OK"}


def tone_of(state: object) -> str:
    """Return ``ok``, ``bad``, ``busy``, ``wait``, ``warn`` or, for everything else, ``mute``."""
    return _TONES.get(str(state or "").strip().lower().replace("-", "_").replace(" ", "_"), "mute")


def label_of(state: object) -> str:
    """Return the word a person reads for a state: ``rolled_back`` is "Rolled back"."""
    raw = str(state or "").strip()
    if not raw:
        return "Unknown"
    return _LABELS.get(raw.lower(), raw.replace("_", " ").replace("-", " ").capitalize())
