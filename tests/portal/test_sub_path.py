"""Under a sub-path every link carries it; under plain HTTP a banner says so."""

import os
import re
import subprocess
import sys

from django.conf import settings as live
from django.test import Client
from django.urls import set_script_prefix

CODE = """
import django
django.setup()
from django.conf import settings
print(settings.STATIC_URL, settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_NAME, settings.FORCE_SCRIPT_NAME)
"""


def test_settings_under_a_sub_path():
    env = os.environ | {"PORTAL_SUB_PATH": "/chuangtou/", "DJANGO_SETTINGS_MODULE": "chuangtou.settings"}
    env.pop("PORTAL_PLAIN_HTTP", None)
    said = subprocess.run(
        [sys.executable, "-c", CODE], cwd=live.BASE_DIR, env=env, check=True, capture_output=True, text=True
    ).stdout
    assert said.split() == ["/chuangtou/static/", "/chuangtou/", "sid", "/chuangtou"]


def test_links_carry_the_sub_path(world, settings):
    settings.FORCE_SCRIPT_NAME = "/chuangtou"
    set_script_prefix("/chuangtou/")  # what the WSGI handler does for each request
    try:
        client = Client()
        client.force_login(world.here.people["office"])
        for page in ("/", "/home/", "/needs/", "/ask/"):
            hrefs = re.findall(
                r'(?:href|action)="(/[^"]*)"', client.get(page, SCRIPT_NAME="/chuangtou").content.decode()
            )
            assert [h for h in hrefs if not h.startswith(("/chuangtou", settings.STATIC_URL))] == []
    finally:
        set_script_prefix("/")


def test_plain_http_shows_its_banner(db, settings):
    settings.PLAIN_HTTP = True
    assert "当前连接未加密" in Client().get("/").content.decode()
    settings.PLAIN_HTTP = False
    assert "当前连接未加密" not in Client().get("/").content.decode()


def test_health(db):
    assert Client().get("/healthz").json() == {"ok": True}
