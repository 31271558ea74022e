"""Promises of the identification vault: durable before anybody is let in, complete after a crash, and opened by
nobody but the custodians.

Source: docs/adr/0024-the-identification-vault.md; DESIGN, 2, promises 1, 2, 5 and 6; décret 2021-1362, articles 3, 5.
"""

import pytest
from msgspec import structs
from tests.promises.harness import NOON_MS, HeardClient, Square
from tests.promises.test_accounts import claims, comes_in
from tests.vaults import entries_of, entries_under, operations_in, problems_of, told_by

from parvis.archive import custody, vault
from parvis.archive.terms import DAY_MS, TermKey, TermKind, day_of
from parvis.chat.vault import GATHER_S
from parvis.model.audit import CustodianKeySet, audit_record
from parvis.model.records import RecordKind
from parvis.ports.archive import Upkeep
from parvis.store.memory import Fault, MemoryStore
from parvis.store.memory_sealed import MemorySealed

ROOM = "#accueil"
MIDNIGHT_S = (day_of(NOON_MS) + DAY_MS - NOON_MS) / 1000
"""From noon, when every test begins."""


def connections_in(square: Square) -> dict[bytes, vault.Connection]:
    """Give the connections in the vault by their ids."""
    return {
        entry.connection: entry for entry in entries_of(square.archive.store) if isinstance(entry, vault.Connection)
    }


def end(square: Square) -> None:
    """Stop the server as it should."""
    done: list[bool] = []
    square.doors.drain(lambda: done.append(True))
    square.end_turn()
    for client in list(square.doors._connections):
        square.doors.closed(client, "Connection closed")
    square.go_on(3 * GATHER_S)
    assert done == [True]
    square.archive.close()


def test_address_port_and_way_are_kept_before_anybody_is_let_in() -> None:
    """In the commit of the entrance: while it fails nobody is welcomed; nobody else is told either."""
    square = Square()
    square.commits_fail(3)
    anna = HeardClient(square, "192.0.2.7")
    anna.is_secure, anna.listener = True, "ircs://127.0.0.1:6697"
    square.doors.opened(anna)
    anna.says("NICK anna", "USER anna 0 * :Anna")
    square.end_turn()
    assert not any(" 001 " in line for line in anna.hears())
    square.go_on(1.0)
    assert any(" 001 " in line for line in anna.hears())
    came, present = entries_of(square.archive.store)
    assert came == vault.Connection(
        time_ms=NOON_MS,
        connection=anna.connection_id,
        address="192.0.2.7",
        port=50000,
        transport="tls",
        via="direct",
        is_own=True,
        listener="ircs://127.0.0.1:6697",
    )
    assert present == vault.Presence(
        time_ms=NOON_MS, connection=anna.connection_id, session=anna.session, identity=anna.identity
    )


def test_who_never_enters_is_not_kept() -> None:
    """A bare connection, a wrong password, a greeting that stops: the law asks for who wrote what."""
    square = Square()
    square.doors.start()
    square.connects("192.0.2.7")
    stranger = square.connects("192.0.2.8")
    stranger.says("NICK anna", "CAP LS")
    square.go_on(120.0)
    assert stranger.is_hung_up()
    assert not square.archive.store.vault
    assert not square.archive.store.vault_keys


def test_each_message_names_the_device_it_came_from() -> None:
    """Two connections of one person, at two addresses. Source: décret 2021-1362, article 5: of each operation."""
    square = Square()
    first = claims(square, "anna", ROOM, address="192.0.2.7")
    second = comes_in(square, "anna", address="198.51.100.9")
    first.says(f"PRIVMSG {ROOM} :from the first")
    square.end_turn()
    second.says(f"PRIVMSG {ROOM} :from the second", f"TOPIC {ROOM} :ours")
    first.says("AWAY :gone")
    square.go_on(2 * GATHER_S)
    store = square.archive.store
    came = connections_in(square)
    by_message = {each.message_id: each for each in operations_in(entries_of(store))}
    found = {}
    for record in store.opened_records():
        if record.header.message_id in by_message:
            each = by_message[record.header.message_id]
            assert (each.kind, each.time_ms) == (record.header.kind, record.header.time_ms)
            assert each.number == record.header.run << 40 | record.header.counter
            assert each.connection is not None
            found[record.line.decode().rpartition(":")[2]] = came[each.connection].address
    assert found == {
        "from the first": "192.0.2.7",
        "from the second": "198.51.100.9",
        "gone": "192.0.2.7",
    }
    kinds = {type(entry) for entry in entries_of(store)}
    assert kinds >= {vault.Login, vault.Registration, vault.Presence}
    (account,) = square.chat.world.accounts
    logins = [
        (came[entry.connection].address, entry.account, entry.mechanism)
        for entry in entries_of(store)
        if isinstance(entry, vault.Login)
    ]
    assert logins == [("192.0.2.7", account, "REGISTER"), ("198.51.100.9", account, "PLAIN")]
    # The first goes; the second carries the person on, and what it writes is still its own.
    square.loses(first)
    second.says(f"PRIVMSG {ROOM} :alone")
    square.go_on(2 * GATHER_S)
    last = operations_in(entries_of(store))[-1]
    assert last.connection == second.connection_id
    ended = [entry.connection for entry in entries_of(store) if isinstance(entry, vault.Ended)]
    assert ended == [first.connection_id]


def test_what_somebody_does_to_another_names_the_connection_of_who_does_it() -> None:
    """A kick is the act of who kicks; a connection that breaks leaves words of nobody else."""
    square = Square()
    host = square.enters("host", rooms=["#new"], address="192.0.2.1")
    guest = square.enters("guest", rooms=["#new"], address="192.0.2.2")
    host.says("KICK #new guest :out")
    square.end_turn()
    square.loses(guest)
    square.go_on(2 * GATHER_S)
    done = [(each.kind, each.connection) for each in operations_in(entries_of(square.archive.store))]
    assert done == [(RecordKind.KICKED, host.connection_id), (RecordKind.QUIT, guest.connection_id)]


def test_a_port_that_nobody_passed_on_is_said_to_be_unknown() -> None:
    """Not zero: behind an address shared by many, whoever reads it must know. Source: law on CGNAT ports."""
    square = Square()
    client = HeardClient(square, "192.0.2.7")
    client.address, client.via = ("192.0.2.7", 0), "forwarded"
    square.doors.opened(client)
    client.says("NICK anna", "USER anna 0 * :Anna")
    square.end_turn()
    (came,) = connections_in(square).values()
    assert (came.port, came.via) == (None, "forwarded")


@pytest.mark.parametrize(("options", "port"), [("remote-port=40123", 40123), ("", None)])
def test_behind_a_gateway_it_is_the_clients_address_and_port(options: str, port: int | None) -> None:
    """What WEBIRC has stated, and that it has. Source: IRCv3 webirc, `remote-port`."""
    square = Square()
    square.chat.outside = structs.replace(square.chat.outside, find_gateway=lambda *_: "kiwi")
    client = square.connects("127.0.0.1")
    client.says(f"WEBIRC secret kiwi host.example 192.0.2.7 :{options}")
    square.go_on(1.0)
    client.says("NICK anna", "USER anna 0 * :Anna")
    square.go_on(1.0)
    (came,) = connections_in(square).values()
    assert (came.address, came.port, came.via) == ("192.0.2.7", port, "webirc")


def test_operations_wait_a_second_at_most_and_cost_no_commit_of_their_own_before() -> None:
    """Batches stay batches of records alone; the next that is a transaction anyway takes what was noted along."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    square.go_on(2 * GATHER_S)
    store = square.archive.store
    rows = len(store.vault)
    for number in range(5):
        anna.says(f"PRIVMSG {ROOM} :{number}")
        square.go_on(0.01)
        assert len(store.vault) == rows
    square.go_on(GATHER_S)
    assert len(store.vault) == rows + 1
    anna.says(f"PRIVMSG {ROOM} :more")
    square.go_on(0.01)
    square.enters("bert")
    assert len(store.vault) == rows + 2
    assert len(operations_in(entries_of(store))) == 6


def test_a_key_is_of_its_day_and_the_audit_tells_what_lies_under_it() -> None:
    """At midnight UTC the key is given up; the same at the end of a run. Source: DESIGN, 2, promise 6."""
    square = Square()
    store = square.archive.store
    anna = square.enters("anna", rooms=[ROOM])
    anna.says(f"PRIVMSG {ROOM} :today")
    square.go_on(MIDNIGHT_S - 0.5)
    square.doors.start()
    (key,) = square.chat.vault._keys.values()
    anna.says(f"PRIVMSG {ROOM} :late")
    square.go_on(10.0)
    assert key not in square.chat.vault._keys.values()
    anna = square.enters("anna2", rooms=[ROOM])
    anna.says(f"PRIVMSG {ROOM} :tomorrow")
    square.go_on(2.0)
    days = {stored.day_ms for stored in store.vault_keys.values()}
    assert days == {day_of(NOON_MS), day_of(NOON_MS) + DAY_MS}
    assert {told.day_ms for told in told_by(store)} == {day_of(NOON_MS)}
    end(square)
    assert sorted(told.key for told in told_by(store)) == sorted(key.hex() for key in store.vault_keys)
    now_ms = square.clock.now_ms()
    assert problems_of(store, now_ms) == []
    # A day's operations lie under that day's key.

    sealed = MemorySealed(store)
    for stored in sealed.vault_keys():
        for each in entries_under(sealed, stored, store.keys.term_keys(), store.custodian_seed):
            assert day_of(each.time_ms) == stored.day_ms
    store.vault.pop()
    assert len(problems_of(store, now_ms)) == 1


def test_a_day_tells_of_every_connection_that_is_open_on_it() -> None:
    """Who stays for more than a year would else write on a connection that is kept no longer. Source: ADR 24."""
    square = Square()
    store = square.archive.store
    square.go_on(MIDNIGHT_S - 1)
    square.doors.start()
    anna = square.enters("anna", rooms=[ROOM], address="192.0.2.7")
    square.go_on(10.0)
    anna.says(f"PRIVMSG {ROOM} :still here")
    square.go_on(2.0)
    sealed = MemorySealed(store)
    first, second = [
        list(entries_under(sealed, stored, store.keys.term_keys(), store.custodian_seed))
        for stored in sealed.vault_keys()
    ]
    assert [type(entry).__name__ for entry in first] == ["Connection", "Presence"]
    came, present, done = second
    assert isinstance(came, vault.Connection)
    assert (came.address, came.connection, came.again) == ("192.0.2.7", anna.connection_id, True)
    assert isinstance(present, vault.Presence)
    assert present.session == anna.session
    assert [each.connection for each in operations_in([done])] == [anna.connection_id]


def test_who_leaves_before_the_new_day_was_told_of_them_is_in_it() -> None:
    """A word a moment after midnight, and a parting one: an opening of that day alone finds from where."""
    square = Square()
    store = square.archive.store
    square.go_on(MIDNIGHT_S - 1)
    anna = square.enters("anna", rooms=[ROOM], address="192.0.2.7")
    square.go_on(2.0)
    anna.says(f"PRIVMSG {ROOM} :after midnight", "QUIT :good night")
    square.go_on(2.0)
    sealed = MemorySealed(store)
    _, second = [
        list(entries_under(sealed, stored, store.keys.term_keys(), store.custodian_seed))
        for stored in sealed.vault_keys()
    ]
    (came,) = [entry for entry in second if isinstance(entry, vault.Connection)]
    (present,) = [entry for entry in second if isinstance(entry, vault.Presence)]
    assert (came.address, came.again, present.session) == ("192.0.2.7", True, anna.session)
    done = operations_in(second)
    assert [each.kind for each in done] == [RecordKind.MESSAGE, RecordKind.QUIT]
    assert {each.connection for each in done} == {came.connection} == {present.connection}


def test_nobody_is_let_in_while_no_key_can_be_made() -> None:
    """As with a commit that fails: nothing is shown, acts are refused, and it is tried again; no tick is lost."""
    square = Square()
    wrapping = square.chat.vault._wrapping

    def fails(_kind: TermKind, _time_ms: int) -> TermKey:
        raise OSError("no space left on device")

    square.chat.vault._wrapping = structs.replace(wrapping, term_key=fails)
    anna = square.connects("192.0.2.7")
    anna.says("NICK anna", "USER anna 0 * :Anna")
    square.go_on(5.0)
    assert not any(" 001 " in line for line in anna.hears())
    bert = square.connects()
    bert.says("NICK bert", "USER bert 0 * :Bert")
    square.go_on(1.0)
    assert any("ARCHIVE_UNAVAILABLE" in line for line in bert.hears())
    square.chat.vault._wrapping = wrapping
    square.go_on(1.0)
    assert any(" 001 " in line for line in anna.hears())
    assert len(connections_in(square)) == 1
    # Midnight comes, and the key of the new day cannot be made: the old one is given up all the same, later.
    anna.says(f"JOIN {ROOM}")
    square.go_on(MIDNIGHT_S - square.clock.steady_s() - 1)
    square.doors.start()
    square.chat.vault._wrapping = structs.replace(wrapping, term_key=fails)
    square.go_on(20.0)
    square.chat.vault._wrapping = wrapping
    square.go_on(20.0)
    assert len(told_by(square.archive.store)) == 1
    end(square)
    assert problems_of(square.archive.store, square.clock.now_ms()) == []


@pytest.mark.parametrize("fault", list(Fault))
def test_no_failed_commit_loses_or_doubles_a_row(fault: Fault) -> None:
    """Whatever becomes of a commit, each row is there once for who reads it, in its order."""
    square = Square()
    anna = square.enters("anna", rooms=[ROOM])
    square.archive.faults.append(fault)
    square.enters("bert")
    square.archive.release()
    square.go_on(2.0)
    anna.says(f"PRIVMSG {ROOM} :after")
    square.go_on(2.0)
    end(square)
    store = square.archive.store
    assert problems_of(store, square.clock.now_ms()) == []
    found = [entry for entry in entries_of(store) if isinstance(entry, vault.Connection)]
    assert len(found) == 2
    assert [each.kind for each in operations_in(entries_of(store))] == [RecordKind.MESSAGE]


def test_after_a_run_that_was_killed_nothing_is_missing() -> None:
    """The next run finds the last second's operations in the records, by session, and the audit is told the rest."""
    store = MemoryStore()
    square = Square(store=store)
    anna = square.enters("anna", rooms=[ROOM], address="192.0.2.7")
    anna.says(f"PRIVMSG {ROOM} :noted")
    square.go_on(2 * GATHER_S)
    anna.says(f"PRIVMSG {ROOM} :lost with the memory")
    square.end_turn()
    session = anna.session
    assert len(operations_in(entries_of(store))) == 1
    again = Square(store=store, began_s=60.0)
    again.end_turn()
    done = operations_in(entries_of(store))
    assert [(each.connection, each.session) for each in done] == [(anna.connection_id, None), (None, session)]
    assert {each.message_id for each in done} == {
        record.header.message_id for record in store.opened_records() if record.header.kind is RecordKind.MESSAGE
    }
    whose = {entry.session: entry.connection for entry in entries_of(store) if isinstance(entry, vault.Presence)}
    assert connections_in(again)[whose[session]].address == "192.0.2.7"
    assert len(told_by(store)) == 1
    again.enters("bert")
    end(again)
    assert problems_of(store, again.clock.now_ms()) == []
    # A run that ended as it should leaves nothing to recover.
    before = len(store.vault)
    Square(store=store, began_s=120.0).end_turn()
    assert len(store.vault) == before


def test_who_closes_an_account_reads_how_long_it_is_kept_here() -> None:
    """A year is what French law asks for; elsewhere it is another time, and operators choose."""
    square = Square(chosen={"closed_accounts_days": 180})
    anna = claims(square, "anna", ROOM)
    anna.says("ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    heard = "\n".join(anna.hears())
    assert "What stood in it is kept for 180 days" in heard


def test_a_closed_account_leaves_the_live_tables_in_the_commit_that_seals_it() -> None:
    """For a year from its closing, under a key of its own kind. Source: décret 2021-1362, article 3."""
    square = Square()
    anna = claims(square, "anna", ROOM)
    store = square.archive.store
    ((account_id, account),) = square.chat.world.accounts.items()
    square.archive.holds = True
    anna.says("ACCOUNT DELETE sesame-42")
    square.go_on(1.0)
    # It is being sealed: nothing was told yet, and both are in the same commit.
    assert not any("DELETED" in line for line in anna.hears())
    square.archive.holds = False
    square.archive.release()
    square.go_on(1.0)
    heard = "\n".join(anna.hears())
    assert "ACCOUNT DELETED anna" in heard
    assert "STILL_SEALED" in heard
    (closed,) = [entry for entry in entries_of(store) if isinstance(entry, vault.ClosedAccount)]
    assert closed == vault.ClosedAccount(
        time_ms=closed.time_ms,
        account=account_id,
        name="anna",
        pseudonyms=("anna",),
        registered_at_ms=account.registered_at_ms,
        verifier=account.password,
        certificates=(),
    )
    (key,) = [key for key in store.vault_keys.values() if key.kind == TermKind.CLOSED_ACCOUNTS]
    (term_key,) = [each for each in store.keys.term_keys() if each.id == key.term_key]
    assert (term_key.kind, term_key.begins_ms) == (TermKind.CLOSED_ACCOUNTS, day_of(closed.time_ms))
    assert not any(account.password.encode() in (value.value or b"") for value in store.kept.values())


def test_keys_of_another_kind_open_nothing() -> None:
    """Neither with the server's keys nor with another seed; with the custodians' seed all of it."""
    square = Square()
    square.enters("anna")
    store = square.archive.store
    (stored,) = store.vault_keys.values()
    for term_key in store.keys.term_keys():
        if term_key.id != stored.term_key:
            with pytest.raises(custody.UnopenedCustody):
                custody.lift_term(stored.wrap, term_key, stored.id)
    assert entries_of(store)
    store.custodian_seed = bytes(32)
    with pytest.raises(custody.UnopenedCustody):
        entries_of(store)


def test_new_custodians_get_a_new_key_and_the_old_ones_nothing_more() -> None:
    """After a rotation what comes is sealed to the new key alone. Source: ADR 20."""
    square = Square()
    square.enters("anna")
    store = square.archive.store
    seed = bytes(range(1, 33))
    key = custody.custodian_key(custody.public_bytes(seed), 1, 1, square.clock.now_ms() + 1)
    told = CustodianKeySet(custodian=key.id.hex(), shares=1, threshold=1)
    square.turn.write([audit_record(told)], [Upkeep(custodian=key)], [], lambda: None)
    square.end_turn()
    square.enters("bert", address="192.0.2.8")
    first, second = store.vault_keys.values()
    assert (first.custodian == key.id, second.custodian == key.id) == (False, True)
    assert [each.key for each in told_by(store)] == [first.id.hex()]
