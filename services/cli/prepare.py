"""`parindex topics` and `parindex database`: make the servers ready for the services, again and again without harm."""

from __future__ import annotations

import click
from pymongo.errors import PyMongoError

from services.common import kafka, mongo
from services.common.settings import read_settings


class NotReady(click.ClickException):
    """A server cannot be used; the message says what to change."""

    exit_code = 3


@click.command()
def topics() -> None:
    """Create the Kafka topics that are missing."""
    settings = read_settings()
    try:
        created = kafka.create_topics(settings)
    except kafka.Unready as error:
        raise NotReady(str(error)) from error
    click.echo(f"created: {', '.join(created)}" if created else "all topics are there")


@click.command()
def database() -> None:
    """Check MongoDB and create the collections and indexes that are missing."""
    settings = read_settings()
    client = mongo.client(settings.mongo)
    try:
        mongo.prepare(mongo.database(client))
    except mongo.Unready as error:
        raise NotReady(str(error)) from error
    except PyMongoError as error:
        raise NotReady(f"MongoDB does not answer ({error}); check PARINDEX_MONGO") from error
    finally:
        client.close()
    click.echo("the database is ready")
