"""Every tab can be read: contrast, size of text and of what a finger has to meet."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import LOOKS, App, open_tab

# WCAG 2.2: contrast of text (1.4.3, AA) and size of targets (2.5.8, AA). Pictures are left out.
LOOK = """() => {
  const numbers = (colour) => {
    const [r, g, b, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    const whole = colour.startsWith("color(srgb") ? 255 : 1;
    return [r * whole, g * whole, b * whole, alpha];
  };
  const over = (top, below) =>
    [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = document.body.classList.contains("dark") ? [11, 15, 25, 1] : [255, 255, 255, 1];
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (!box.width || element.closest("svg, :disabled, footer, [aria-hidden=true]")) continue;
    const style = getComputedStyle(element);
    const words = element.textContent.trim().slice(0, 30);
    const isTarget = element.matches(".panel button, .links button, .label-wrap, [role=tab]");
    if (innerWidth <= 640 && isTarget && Math.min(box.width, box.height) < 24)
      faults.push(`${words}: ${Math.round(box.width)} x ${Math.round(box.height)} pixels`);
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    let ground = paper;
    let opacity = 1;
    const layers = [];
    for (let part = element; part; part = part.parentElement) {
      const { backgroundColor, opacity: own } = getComputedStyle(part);
      layers.unshift(numbers(backgroundColor));
      opacity *= Number(own);
    }
    layers.forEach((layer) => (ground = over(layer, ground)));
    const ink = numbers(style.color);
    const [dark, bright] = [light(over([...ink.slice(0, 3), ink[3] * opacity], ground)),
      light(ground)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    if (contrast < (size >= 24 ? 3 : 4.5)) faults.push(`${words}: contrast ${contrast.toFixed(2)}`);
    if (size < 12) faults.push(`${words}: ${size} pixels high`);
  }
  return faults;
}"""


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_tab_can_be_read_and_met(app: App, open_page: Any, theme: str, width: int) -> None:
    page = open_page(app, f"/?__theme={theme}", width=width)
    faults = {}
    for tab in ("Generate", "Spam", "Chat", "Attention", "Inside", "Training"):
        open_tab(page, tab)
        page.get_by_role("tabpanel").filter(visible=True).locator(".panel > *").first.wait_for()
        if found := page.evaluate(LOOK):
            faults[tab] = found
    assert not faults
