"""No bytes whatever are read as entries of the identification vault unless they are what was written."""

from mutation import run
from parvis.archive import vault
from parvis.model.ids import NO_SESSION, NOBODY, PRESENCE
from parvis.model.records import RecordKind, Unsealed

C = b"c" * 16
SPOKEN = Unsealed(RecordKind.MESSAGE, 5, NOBODY, NO_SESSION, PRESENCE, b"m" * 15, b"\0\0x", connection=C)
ENTRIES: list[list[vault.Entry]] = [
    [
        vault.Connection(
            time_ms=1,
            connection=C,
            address="2001:db8::7",
            port=None,
            transport="wss",
            via="proxy",
            is_own=True,
            listener="wss://[::]:443",
        ),
        vault.Presence(time_ms=1, connection=C, session=C, identity=C),
    ],
    [vault.Login(time_ms=1, connection=C, account=C, mechanism="PLAIN"), vault.Ended(time_ms=2, connection=C)],
    list(vault.operations(7, [SPOKEN, SPOKEN])),
    [
        vault.ClosedAccount(
            time_ms=1,
            account=C,
            name="a",
            pseudonyms=("a", "b"),
            registered_at_ms=0,
            verifier="v",
            certificates=("00",),
        )
    ],
]
CORPUS = [row for entries in ENTRIES for row in vault.pack_rows(entries)]


def target(data: bytes) -> None:
    try:
        entries = vault.read_entries(data)
    except vault.UnopenedVault:
        return
    for entry in entries:
        assert repr(entry) == f"{type(entry).__name__}()"
        if isinstance(entry, vault.Operations):
            assert all(len(each.message_id) == 15 for each in vault.operations_of(entry))
    again = [entry for row in vault.pack_rows(entries) for entry in vault.read_entries(row)]
    assert again == entries


if __name__ == "__main__":
    run("vault", CORPUS, target)
