"""Compile the recorder's statistics when a test asks, not every five minutes.

The service hm_test.compile returns when the statistics of all periods of five
minutes that are over are written.
"""

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.tasks import CompileMissingStatisticsTask


async def async_setup(hass, config):
    async def compile_periods(call):
        recorder = get_instance(hass)
        await recorder.async_block_till_done()
        recorder.queue_task(CompileMissingStatisticsTask())
        await recorder.async_block_till_done()

    hass.services.async_register("hm_test", "compile", compile_periods)
    return True
