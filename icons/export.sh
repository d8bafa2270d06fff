#!/bin/sh
# Makes every picture here from the drawings: the app's from stet.svg, the tray's from tray/*.svg (48 px: panels scale
# 2:1 down on plain screens and show it as it is on dense ones). Needs rsvg-convert (Debian: librsvg2-bin) and npx.
set -eu
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT

rsvg-convert --width 1024 --height 1024 stet.svg --output "$made/stet.png"
npx --yes @tauri-apps/cli@2.12.5 icon "$made/stet.png" --output "$made/icons"
for name in 32x32.png 64x64.png 128x128.png 128x128@2x.png icon.png icon.icns icon.ico; do
  cp "$made/icons/$name" .
done
for drawing in tray/*.svg; do
  rsvg-convert --width 48 --height 48 "$drawing" --output "${drawing%.svg}.png"
done
