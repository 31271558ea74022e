"""Bring an older database up to date. Imported only when there is something to do."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

_MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(path: Path) -> None:
    """Run the migrations that a database lacks, all or none."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)

    # The driver begins transactions late and not for schema changes; a migration must be whole or absent.
    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # any driver's connection, here sqlite3's

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql("COMMIT")
