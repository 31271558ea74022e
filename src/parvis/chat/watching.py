"""Who watches whom (MONITOR), and who is to read of a change of somebody.

Each connection has a list of its own. A change looks up its watchers by the folded pseudonym, so that it costs nothing
when nobody watches, and the watchers alone when somebody does.
Source: IRCv3 monitor, extended-monitor.
"""

from parvis.chat import audience as audiences
from parvis.chat.audience import Audience
from parvis.chat.client import Client
from parvis.irc.capabilities import EXTENDED_MONITOR
from parvis.model.person import Person


class Watching:
    """The MONITOR lists of all connections, and by whom each pseudonym is watched."""

    def __init__(self) -> None:
        """Begin with nobody watched."""
        self._lists: dict[Client, dict[str, str]] = {}
        self._watchers: dict[str, dict[Client, None]] = {}

    def listed(self, connection: Client) -> dict[str, str]:
        """Give the pseudonyms on a connection's list as it wrote them, by their folded form."""
        return self._lists.get(connection, {})

    def watch(self, connection: Client, nick: str, folded: str) -> None:
        """Put a pseudonym on a connection's list; the caller sees to the limit."""
        self._lists.setdefault(connection, {}).setdefault(folded, nick)
        self._watchers.setdefault(folded, {})[connection] = None

    def unwatch(self, connection: Client, folded: str) -> None:
        """Take a pseudonym off a connection's list, if it is on it."""
        nicks = self._lists.get(connection)
        if nicks is None or folded not in nicks:
            return
        del nicks[folded]
        if not nicks:
            del self._lists[connection]
        watchers = self._watchers[folded]
        del watchers[connection]
        if not watchers:
            del self._watchers[folded]

    def forget(self, connection: Client) -> None:
        """Clear the list of a connection."""
        for folded in list(self._lists.get(connection, ())):
            self.unwatch(connection, folded)

    def watchers(self, folded: str, capabilities: int = 0) -> list[Client]:
        """List the connections that watch a pseudonym and asked for all of some capabilities."""
        watchers = self._watchers.get(folded)
        if not watchers:
            return []
        return [client for client in watchers if client.capabilities & capabilities == capabilities]

    def concerned(self, person: Person, capability: int, but: Person | None = None) -> Audience:
        """Give those who read of a change of somebody, each connection once.

        They are the connections with the capability of who shares a room with the person, of the person, and of who
        watches the person and asked for extended-monitor too.

        Args:
            person: Who changes.
            capability: By which one asks for this change (away-notify, account-notify, chghost, setname).
            but: Whose connections read it otherwise.
        """
        people = {**audiences.neighbours(person), person: None}
        watchers = self.watchers(person.folded, capability | EXTENDED_MONITOR)
        if but is not None:
            people.pop(but, None)
            watchers = [client for client in watchers if client.person is not but]
        return Audience(people, capability, watchers)
