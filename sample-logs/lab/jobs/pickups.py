"""Wait without holding a worker: a sensor that is rescheduled, a deferrable operator and its trigger."""

import asyncio

import httpx
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow_names import BaseOperator, BaseSensorOperator

from jobs import deliveries


class ManifestSensor(BaseSensorOperator):
    """Waits for the manifest to be complete."""

    def poke(self, context):
        return deliveries.manifest_is_complete(context["run_id"])


class PickupTrigger(BaseTrigger):
    """Fires when the server at `url` says `ready`."""

    def __init__(self, url, batch):
        super().__init__()
        self.url, self.batch = url, batch

    def serialize(self):
        return "jobs.pickups.PickupTrigger", {"url": self.url, "batch": self.batch}

    async def run(self):
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                response = await client.get(self.url, headers={"X-Batch": self.batch})
                response.raise_for_status()
                if response.json()["ready"]:
                    break
                self.log.info("not ready yet: %s", self.url)
                await asyncio.sleep(2)
        yield TriggerEvent({"url": self.url, "ready": True})


class PickupOperator(BaseOperator):
    """Orders a pickup, defers, and goes on when it is there."""

    def __init__(self, *, url, **kwargs):
        super().__init__(**kwargs)
        self.url = url

    def execute(self, context):
        self.log.info("pickup ordered: %s", self.url)
        self.defer(trigger=PickupTrigger(self.url, f"{context['run_id']} {self.url}"), method_name="resume")

    def resume(self, context, event):
        self.log.info("picked up: %s", event)
