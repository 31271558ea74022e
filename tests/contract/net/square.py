"""A square to show on pages: what `ServerView` asks, held in memory and changed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from parvis.app.config import Config
from parvis.app.retention import schedule_of
from parvis.legal.retention import Schedule
from parvis.ports.view import Metric, OpenRoom


@dataclass
class Square:
    """The memory twin of the view."""

    network: str = "Parvis"
    addresses: Sequence[str] = ("ircs://chat.example.org:6697", "wss://chat.example.org/irc")
    people: int = 1284
    open_rooms: list[OpenRoom] = field(
        default_factory=lambda: [
            OpenRoom("#english-corner", "Practise with patient people, all levels", 57),
            OpenRoom("#accueil", "Premiers pas, questions, bonjour à tous", 214),
            OpenRoom("#jardin", "Semis d’automne, potagers de balcon, photos bienvenues", 86),
            OpenRoom("#cinema", "Sorties de la semaine, sans divulgâcher", 128),
            OpenRoom("#lecture", "Ce mois-ci : « La Vie mode d’emploi », chapitres 1 à 20", 1),
            OpenRoom("#entraide-info", "Linux, bureautique, réseaux. Décrivez, on cherche ensemble", 73),
        ]
    )
    contact: str = "https://example.org/contact"
    schedule: Schedule = field(default_factory=lambda: schedule_of(Config()))
    why_not_ready: str | None = None
    numbers: list[Metric] = field(
        default_factory=lambda: [
            Metric("parvis_people", "People who are here now", 1284, counts=False),
            Metric("parvis_messages_sealed", "Messages sealed since the start", 7, counts=True),
        ]
    )

    def rooms(self) -> Sequence[OpenRoom]:
        return self.open_rooms

    def not_ready(self) -> str | None:
        return self.why_not_ready

    def metrics(self) -> Sequence[Metric]:
        return self.numbers
