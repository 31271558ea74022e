"""What is plugged into what: the one place that knows every part of the chat."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from parvis import __version__
from parvis.app.clock import LoopClock
from parvis.app.config import CONTACT_BYTES_MAX, Config, Kind, Profile, StoreKind
from parvis.app.export_links import ExportLinks
from parvis.app.gateways import GatewayBook
from parvis.app.handing_over import hand_over, tell_of
from parvis.app.journal import LoopJournal
from parvis.app.keeping import Keeping, Stop
from parvis.app.office import Office
from parvis.app.operators import OperatorBook
from parvis.app.retention import schedule_of
from parvis.app.rights import ExportDesk, OwnRights
from parvis.app.sequencer import Sequencer, check_log, make_sequencer
from parvis.app.vault_recovery import recover
from parvis.app.verifiers import Verifiers
from parvis.app.wording import FluentWording
from parvis.app.workers import Workers
from parvis.archive.custody import CustodianKey
from parvis.archive.sealing import Wrapping
from parvis.archive.terms import DAY_MS, TermKind, Terms
from parvis.chat.chance import Chance
from parvis.chat.cloaks import conversation_of_pair
from parvis.chat.doors import Doors
from parvis.chat.intake import Intake
from parvis.chat.outside import Outside
from parvis.chat.retired import Retired
from parvis.chat.service import Chat
from parvis.chat.settings import Settings
from parvis.chat.turn import Turn
from parvis.irc.casemapping import fold
from parvis.legal.erasure import Erasure
from parvis.legal.holds import Hold
from parvis.model import events as e
from parvis.model.accounts import Account
from parvis.model.guests import Guest
from parvis.model.ids import NOBODY, ConversationId, IdentityId
from parvis.model.kept import Keep, KeptKind, KeptMarkers, KeptSignalKey, KeptVisible, keep, read
from parvis.model.metadata import KeptMetadata
from parvis.model.pending import Pending
from parvis.model.records import KeptRoom
from parvis.model.room import Room
from parvis.model.sanctions import Defence, ServerBan
from parvis.model.silences import KeptSilence
from parvis.moderation.absences import AbsenceBook
from parvis.moderation.erasures import Erasures
from parvis.moderation.holds import Holds
from parvis.moderation.openings import Openings
from parvis.moderation.term_clock import KeptClock, TermClock
from parvis.moderation.terms import TermEnder
from parvis.net.fanout import fan_out
from parvis.ports.archive import Archive, ArchiveCorrupt, ArchiveError
from parvis.ports.keys import KeyStore
from parvis.ports.log import PublicLog
from parvis.ports.sealed import SealedStore
from parvis.store import opening_folder
from parvis.store.beginning import TermBook
from parvis.store.history import IndexedHistory, PairOf
from parvis.store.log.folder import LOG_NAME, LogFolder
from parvis.store.log.public import FileLog
from parvis.store.set_aside import SET_ASIDE_NAME, sweep

if TYPE_CHECKING:
    from parvis.app.mail import SmtpMail

DEFAULT_ROOMS: Final = (
    ("#accueil", "Bienvenue : on se présente, on demande, on répond. Ici, chacun répond de ses mots."),
    ("#loisirs", "Jeux, lectures, musique, jardin, cuisine : ce qu'on fait quand on a le temps."),
    ("#politique", "On débat des idées, jamais des personnes."),
    ("#english-corner", "Practise your English with patient people, all levels."),
)
"""The rooms of a new square: name and topic. They belong to the server, and what its operators change is kept."""

DEFAULT_ROOM_FLAGS: Final = "nt"


class Parts(msgspec.Struct, frozen=True):
    """A chat that is ready to be listened to."""

    chat: Chat
    intake: Intake
    doors: Doors
    turn: Turn
    archive: Archive
    workers: Workers
    notices: list[str]
    history: IndexedHistory
    history_workers: Workers
    office: Office
    exports: ExportDesk
    mail: SmtpMail | None = None
    sequencer: Sequencer | None = None
    """Gives records their places in the log; None where nothing survives the process."""
    public_log: PublicLog | None = None


def settings_of(config: Config) -> Settings:
    """Give the chat what it needs of the configuration."""
    limits, server, history = config.limits, config.server, config.history
    return Settings(
        server=server.name,
        network=server.network,
        version=f"parvis-{__version__}",
        description=server.description,
        contact=server.contact or _short_enough(server.admin),
        password=server.password.reveal(),
        admin=server.admin,
        motd=tuple(server.motd.splitlines()),
        nick_bytes=limits.nicklen,
        room_bytes=limits.channellen,
        topic_bytes=limits.topiclen,
        away_bytes=limits.awaylen,
        kick_bytes=limits.kicklen,
        real_name_bytes=limits.realnamelen,
        multiline_bytes=limits.multiline_max_bytes,
        multiline_lines=limits.multiline_max_lines,
        metadata_keys=limits.metadata_keys,
        metadata_max_keys=limits.metadata_max_keys,
        metadata_max_subs=limits.metadata_max_subs,
        metadata_max_value_bytes=limits.metadata_max_value_bytes,
        metadata_after_s=limits.metadata_after_s if config.safety.trust else 0,
        client_tags_denied=limits.client_tags_denied,
        sts_port=server.sts_port,
        sts_duration_s=server.sts_duration_s,
        sts_preload=server.sts_preload,
        icon=server.icon,
        rooms_per_session=limits.rooms_per_session,
        rooms_per_account=limits.rooms_per_account,
        list_modes=limits.list_modes,
        targets=limits.targets,
        server_bans=limits.server_bans,
        server_ban_s=limits.server_ban_s,
        monitor=limits.monitor,
        silence=limits.silence,
        whowas_minutes=limits.whowas_minutes,
        read_queue_bytes=limits.read_queue_bytes,
        send_queue_bytes=limits.send_queue_bytes,
        commands_per_second=limits.commands_per_second,
        commands_burst=limits.commands_burst,
        connections_per_address=limits.connections_per_address,
        new_connections_per_minute=limits.new_connections_per_minute,
        exempt_loopback=limits.exempt_loopback,
        registration_timeout_s=limits.registration_timeout_s,
        ping_interval_s=limits.ping_interval_s,
        ping_timeout_s=limits.ping_timeout_s,
        commit_queue_records=limits.commit_queue_records,
        history_enabled=history.enabled,
        default_visible_s=history.default_visible_s,
        resume_s=history.resume_s,
        window_s_max=longest_window_s(config),
        history_lines=history.max_messages_per_request,
        store_tagmsg=frozenset(history.store_tagmsg),
        allow_redact=history.allow_redact,
        default_user_modes=config.accounts.default_user_modes,
        registration=config.accounts.registration,
        before_connect=config.accounts.before_connect,
        email_required=config.accounts.email_required,
        custom_account_name=config.accounts.custom_account_name,
        multiclient=config.accounts.multiclient,
        password_bytes_min=limits.password_min,
        failed_logins_per_account=limits.failed_logins_per_account,
        failed_logins_per_address=limits.failed_logins_per_address,
        failed_logins_window_s=limits.failed_logins_window_s,
        registrations_per_hour=limits.registrations_per_hour,
        quarantine_s=config.accounts.quarantine_s,
        quarantine_unproved_s=config.accounts.quarantine_unproved_s,
        quarantine_deleted_s=config.accounts.quarantine_deleted_s,
        closed_accounts_days=schedule_of(config).term_ms("closed-accounts") // DAY_MS,
        reserved_names=config.accounts.reserved_names,
        is_guarded=any((config.safety.first_contact, config.safety.trust, config.safety.pace)),
    )


def longest_window_s(config: Config) -> int:
    """Give the longest of the three windows, in seconds: the term of the visible keys."""
    history = config.history
    return max(history.default_visible_s, history.resume_s, history.report_window_s)


class Unopened(msgspec.Struct, frozen=True):
    """An archive that is not open yet, and ways to what lies beside it once it is."""

    archive: Archive
    keys: Callable[[], KeyStore]
    sealed: SealedStore
    wrapping: Callable[[], Wrapping]
    """What the loop wraps keys of its own under."""
    history_of: Callable[[PairOf], IndexedHistory]
    """Makes the reader, given what makes conversations of pairs."""


def _short_enough(lines: Sequence[str]) -> str:
    """Give the last line that an ERROR has room for: addresses mostly stand at the end."""
    return next((line for line in reversed(lines) if len(line.encode()) <= CONTACT_BYTES_MAX), "")


def make_archive(
    config: Config, loop: asyncio.AbstractEventLoop, clock: LoopClock, first_key: CustodianKey | None
) -> Unopened:
    """Make the archive that the configuration names."""
    terms = {TermKind(kind): term_ms for kind, term_ms in schedule_of(config).terms().items()}
    if config.archive.store is StoreKind.MEMORY:
        from parvis.store.memory import MemoryArchive
        from parvis.store.memory_history import MemoryHistory
        from parvis.store.memory_sealed import MemorySealed

        twin = MemoryArchive(terms=terms)
        sealed = MemorySealed(twin.store)
        wrapping = partial(_wrapping, lambda: twin.keys, twin.custodian, terms)
        return Unopened(twin, lambda: twin.keys, sealed, wrapping, lambda pair_of: MemoryHistory(twin.store, pair_of))
    from parvis.store.sqlite.archive import SqliteArchive
    from parvis.store.sqlite.history import SqliteHistory
    from parvis.store.sqlite.sealed import SqliteSealed

    folder = config.server.data_dir
    sqlite = SqliteArchive(
        folder,
        loop.call_soon_threadsafe,
        clock.now_ms,
        terms=terms,
        make_custodian=partial(hand_over, folder) if first_key is None else lambda: first_key,
        tell_custodian=lambda key: [tell_of(key)],
    )
    return Unopened(
        sqlite,
        lambda: sqlite.keys,
        SqliteSealed(folder),
        partial(_wrapping, lambda: sqlite.keys, sqlite.custodian, terms),
        lambda pair_of: SqliteHistory(folder, lambda: sqlite.keys, pair_of),
    )


def _wrapping(keys: Callable[[], KeyStore], custodian: Callable[[], CustodianKey], terms: Terms) -> Wrapping:
    """Make a book of term keys of the loop's own: the writer's thread has another."""
    return Wrapping(TermBook(keys(), os.urandom, terms).covering, custodian)


def assemble(
    config: Config,
    operators: OperatorBook,
    gateways: GatewayBook,
    loop: asyncio.AbstractEventLoop,
    stop_server: Callable[[str], None],
    reload: Callable[[], bool],
    first_key: CustodianKey | None = None,
) -> Parts:
    """Open the archive and put a chat in front of it.

    Args:
        config: What the operator chose.
        operators: Who may log in as an operator.
        loop: Where everything runs.
        stop_server: Called with a reason when the archive contradicts itself.
        reload: Reads the configuration again (`chat/outside.py`).
        first_key: The custodians' key of an archive that has none yet; made now if it is not given.

    Raises:
        ArchiveError: The archive cannot be opened; the text says why and what to do.
    """
    clock = LoopClock(loop)
    made = make_archive(config, loop, clock, first_key)
    if config.archive.store is StoreKind.SQLITE:
        # Before anything is written: what contradicts the log is left as it was found.
        check_log(config.server.data_dir)
    archive, keys = made.archive, made.keys
    opened = archive.open(clock.now_ms())
    turn = Turn(archive, clock, fan_out, stop_server)
    turn.follow(opened)
    # A run may begin with more than one record, and they are durable.
    begun = made.sealed.head() if config.archive.store is StoreKind.SQLITE else 0
    chance = Chance(os.urandom)
    workers = Workers(loop)
    secret = keys().derived(b"chat")
    passwords = Verifiers(keys().derived(b"accounts"))
    mail = None
    if config.mail.host:
        from parvis.app.mail import SmtpMail

        mail = SmtpMail(config.mail)
    history, history_workers = made.history_of(partial(conversation_of_pair, secret)), Workers(loop, threads=1)
    journal = LoopJournal(loop, turn)
    absences = AbsenceBook(journal, made.sealed)
    holds = Holds(journal, made.sealed, keys(), partial(conversation_of_pair, secret), os.urandom)
    stop = Stop()
    window_ms = 1000 * longest_window_s(config)
    erasures = Erasures(journal, made.sealed, absences, holds, window_ms, history.hide, stop)
    links = ExportLinks(secret, os.urandom)
    has_pages = any(listener.kind is Kind.HTTP for listener in config.listen)
    outside = Outside(
        work=workers,
        history=history,
        history_work=history_workers,
        find_operator=operators.find,
        find_gateway=gateways.find,
        wrapping=made.wrapping(),
        passwords=passwords,
        mail=mail,
        rights=OwnRights(erasures, links, clock, has_pages=has_pages),
        wording=FluentWording(config.server.languages),
        reload=reload,
    )
    chat = Chat(settings_of(config), secret, chance, clock, turn, outside)
    intake = Intake(chat)
    doors = Doors(chat, intake)
    # Conformance suites expect a server without rooms.
    first = () if config.server.profile is Profile.TEST else DEFAULT_ROOMS
    try:
        open_rooms(chat, opened.rooms, first)
        restore(chat, opened.kept)
        restore_duties(holds, erasures, opened.kept)
    except ArchiveError:
        archive.close()
        raise
    recover(chat.vault, opened, made.sealed)
    ender = TermEnder(
        journal, made.sealed, keys(), absences, rewrap=holds.rewrap, forget_keys=history.forget_keys, pause=stop
    )
    openings = Openings(journal, keys(), os.urandom, opened.kept)
    term_clock = TermClock(journal, clock.now_ms, clock.steady_s, opened.kept, opened.last_time_ms)
    keeping = Keeping(ender, holds, erasures, term_clock, stop, partial(_tidy, config, openings))
    office = Office(config, loop, chat, journal, made.sealed, keys(), absences, keeping, holds, erasures, openings)
    exports = ExportDesk(chat, links, made.sealed, keys())
    notices, sequencer, public_log = opened.notices, None, None
    if config.archive.store is StoreKind.SQLITE:
        try:
            sequencer, told = make_sequencer(
                config, made.sealed, keys(), lambda: max(turn.head, begun), clock.now_ms, loop, stop_server
            )
        except ArchiveError:
            archive.close()
            raise
        notices = notices + told
        public_log = FileLog(LogFolder(config.server.data_dir / LOG_NAME), made.sealed, keys())
    return Parts(
        chat,
        intake,
        doors,
        turn,
        archive,
        workers,
        notices,
        history,
        history_workers,
        office,
        exports,
        mail,
        sequencer,
        public_log,
    )


async def close(parts: Parts) -> None:
    """Let go of everything behind the doors, the archive last."""
    parts.workers.close()
    parts.history_workers.close()
    await asyncio.to_thread(parts.history.close)
    if parts.mail is not None:
        parts.mail.close()
    if parts.sequencer is not None:
        await asyncio.to_thread(parts.sequencer.stop)
    await asyncio.to_thread(parts.archive.close)


def _tidy(config: Config, openings: Openings, now_ms: int) -> None:
    """End what no term key ends: torn batches that were set aside, and openings with what they exported."""
    sweep(config.server.data_dir / SET_ASIDE_NAME, schedule_of(config).term_ms("set-aside"), now_ms)
    for opening in openings.end_expired(now_ms):
        opening_folder.drop_export(config.server.data_dir, opening)
    opening_folder.drop_forgotten(config.server.data_dir, openings.lives)


def restore(chat: Chat, kept: list[Keep]) -> None:
    """Make true again what was kept over the restart; the rooms are open already."""
    rooms = {room.id: room for room in chat.world.rooms.values()}
    waiting: list[Pending] = []
    metadata: list[Keep] = []
    for each in kept:
        try:
            _restore_one(chat, each, rooms, waiting, metadata)
        except msgspec.DecodeError:
            # The cause is left out: it may quote what stands in the value.
            raise _damaged(each) from None
    for pending in sorted(waiting, key=lambda each: each.ends_at_ms):
        chat.apply(e.PendingKept(pending, fold(pending.name)))
    # Whose it is must be known first.
    _restore_metadata(chat, metadata)


def _restore_one(
    chat: Chat, each: Keep, rooms: dict[ConversationId, Room], waiting: list[Pending], metadata: list[Keep]
) -> None:
    """Make one value true again, or note it for when the others are."""
    match each.kind:
        case KeptKind.ACCOUNT:
            account = read(each, Account)
            chat.apply(e.AccountKept(account, fold(account.name)))
        case KeptKind.VISIBLE:
            room = rooms.get(ConversationId(each.id))
            if room is not None:
                chat.apply(e.VisibleSet(room, room.visible_s, read(each, KeptVisible).from_ms))
        case KeptKind.MARKERS:
            chat.markers.restore(IdentityId(each.id), read(each, KeptMarkers).read_ms)
        case KeptKind.SERVER_BAN:
            chat.apply(e.ServerBanned(read(each, ServerBan)))
        case KeptKind.DEFENCE:
            chat.apply(e.DefenceSet(read(each, Defence)))
        case KeptKind.GUEST:
            chat.guests.restore(read(each, Guest))
        case KeptKind.SIGNAL_KEY:
            chat.signals.restore(int.from_bytes(each.id, "big"), read(each, KeptSignalKey).key)
        case KeptKind.RETIRED_NAME:
            chat.retired.restore(each.id, read(each, Retired))
        case KeptKind.SILENCE:
            chat.apply(e.SilenceSet(IdentityId(each.id), read(each, KeptSilence).masks))
        case KeptKind.METADATA:
            metadata.append(each)
        case KeptKind.VAULT:
            # It is of use after a run that was killed alone (`app/vault_recovery.py`).
            pass
        case KeptKind.PENDING_ACCOUNT:
            waiting.append(read(each, Pending))
        case KeptKind.OPENING:
            pass  # The chat has no part in it: whoever wires it takes them from what was kept.
        case KeptKind.CLOCK:
            read(each, KeptClock)  # Whoever ends terms takes it from what was kept.
        case KeptKind.ENDING:
            pass  # Whoever ends terms reads it where it lies.
        case KeptKind.HOLD | KeptKind.ERASURE:
            pass  # The chat knows of neither (`restore_duties`).
        case _:
            assert_never(each.kind)


def restore_duties(holds: Holds, erasures: Erasures, kept: list[Keep]) -> None:
    """Know again what is to stay beyond its term, and what is to go before it."""
    for each in kept:
        try:
            if each.kind is KeptKind.HOLD:
                holds.restore(read(each, Hold))
            elif each.kind is KeptKind.ERASURE:
                erasures.restore(read(each, Erasure))
        except msgspec.DecodeError:
            raise _damaged(each) from None


def _damaged(each: Keep) -> ArchiveCorrupt:
    """Say which value is damaged, and what to do."""
    return ArchiveCorrupt(
        f"what is kept of {each.kind} {each.id.hex()} in the database is damaged. Put the data folder back "
        "from its backup, or save what is whole: parvis archive repair --to COPY"
    )


def _restore_metadata(chat: Chat, kept: list[Keep]) -> None:
    """Say again what is said beside names, unless the account or room is no more: then it is kept no longer."""
    owners = {*chat.world.accounts, *(room.id for room in chat.world.rooms.values())}
    for each in kept:
        if each.id in owners:
            for key, value in read(each, KeptMetadata).values.items():
                chat.apply(e.MetadataSet(each.id, key, value))
        else:
            chat.turn.begin()
            chat.keep_value(keep(KeptKind.METADATA, each.id, None))


def open_rooms(chat: Chat, kept: list[KeptRoom], first: Sequence[tuple[str, str]] = DEFAULT_ROOMS) -> None:
    """Open the registered rooms; in a new archive, make the first ones: name and topic."""
    if kept:
        for room in kept:
            chat.apply(e.RoomRestored(room, fold(room.name)))
        return
    now_ms = chat.clock.now_ms()
    chat.turn.begin()
    for name, topic in first:
        room = KeptRoom(
            id=ConversationId(chat.chance.opaque_id()),
            name=name,
            owner=NOBODY,
            created_at_ms=now_ms,
            topic=topic,
            topic_set_by=chat.settings.server,
            topic_set_at_ms=now_ms,
            flags=DEFAULT_ROOM_FLAGS,
        )
        chat.apply(e.RoomRestored(room, fold(name)))
        chat.keep(chat.world.rooms[fold(name)])
