"""The embedded servers are real ones, and start with the settings that the promises need."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from pymongo import MongoClient

from deploy.stack_processes import with_descendants
from tests.waiting import eventually


def test_the_broker_keeps_what_it_acknowledged(kafka_server: str) -> None:
    topic = f"test-{uuid.uuid4().hex}"
    admin = KafkaAdminClient(bootstrap_servers=kafka_server, api_version=(4, 1))
    admin.create_topics([NewTopic(topic, 3, 1)])
    admin.wait_for_topics([topic])
    producer = KafkaProducer(bootstrap_servers=kafka_server, api_version=(4, 1), acks="all", enable_idempotence=True)
    position = producer.send(topic, b"counted", partition=2).get(timeout=10)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=kafka_server, api_version=(4, 1), auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 2)])
    assert [(record.offset, record.value) for record in next(iter(consumer.poll(10_000).values()))] == [
        (position.offset, b"counted")
    ]
    consumer.close()
    admin.delete_topics([topic])
    admin.close()


def test_a_topic_that_nobody_created_is_not_made_by_asking_for_it(kafka_server: str) -> None:
    topic = f"test-{uuid.uuid4().hex}"
    consumer = KafkaConsumer(bootstrap_servers=kafka_server, api_version=(4, 1), allow_auto_create_topics=True)
    assert not consumer.partitions_for_topic(topic)
    assert topic not in consumer.topics()
    consumer.close()


def test_the_database_has_transactions_whose_locks_die_within_seconds(mongo_server: str) -> None:
    database = f"test-{uuid.uuid4().hex}"
    with MongoClient(mongo_server) as client:
        limit = client.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
        assert limit["transactionLifetimeLimitSeconds"] <= 10
        with client.start_session() as session, session.start_transaction():
            client[database].things.insert_one({"_id": 1}, session=session)
            assert client[database].things.count_documents({}) == 0
        assert client[database].things.count_documents({}) == 1
        client.drop_database(database)


def test_each_test_has_topics_and_a_database_of_its_own(settings_env: dict[str, str]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings_env["PARINDEX_KAFKA"], api_version=(4, 1))
    assert not [topic for topic in admin.list_topics() if topic.startswith(settings_env["PARINDEX_TOPIC_PREFIX"])]
    admin.close()
    with MongoClient(settings_env["PARINDEX_MONGO"]) as client:
        database = client.get_default_database()
        assert database.name != "test"
        assert database.list_collection_names() == []


HOLDER = """
import sys, time
from pathlib import Path
from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo
from deploy.embedded.server import running
home = Path(sys.argv[1])
with running(mongo(home, *free_ports(1), home / "log")) as processes:
    print(processes["MongoDB"].pid, flush=True)
    time.sleep(600)
"""


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert with_descendants(pid) == [pid]
        holder.kill()
    eventually(lambda: not with_descendants(pid), "mongod has ended with its holder", 10)
