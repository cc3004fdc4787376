"""Compile the recorder's statistics when a test asks, not every five minutes.

The service hm_test.compile takes `start`, the beginning of a period of five
minutes, and returns when the statistics of that period are written.
"""

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.util import dt


async def async_setup(hass, config):
    async def compile_period(call):
        recorder = get_instance(hass)
        await recorder.async_block_till_done()
        recorder.queue_task(StatisticsTask(
            dt.as_utc(dt.parse_datetime(call.data["start"])), False))
        await recorder.async_block_till_done()

    hass.services.async_register("hm_test", "compile", compile_period)
    return True
