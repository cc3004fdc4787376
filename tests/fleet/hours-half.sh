#!/bin/bash
# hours.sh for a site whose hours begin at half past those of UTC
HOURS_ZONE=Asia/Kolkata exec "$(dirname "$0")/hours.sh"
