"""Authenticator apps and signed-in people for these tests."""

import time

from django.test import Client
from django_otp.oath import TOTP

from accounts.domain.codes import key_bytes
from accounts.models import Authenticator, FactorPolicy
from accounts.services import begin_binding, confirm_binding
from core import clock
from tests.world import PASSWORD

URL = "/account/sign-in/"


def code_of(user, at=None, steps=0):
    """What the person's phone shows, so many half minutes later."""
    generator = TOTP(key_bytes(Authenticator.objects.get(user=user).key))
    generator.time = (at.timestamp() if at else time.time()) + 30 * steps
    return f"{generator.token():06d}"


def bind(user):
    """An authenticator bound at this moment; the ten recovery codes. Used codes are forgotten, so that the test has one."""
    at = clock.now()
    begin_binding(user=user, at=at)
    found = confirm_binding(user=user, code=code_of(user, at), at=at)
    Authenticator.objects.filter(user=user).update(last_step=0)
    return found


def sign_in(client, name, password=PASSWORD, **more):
    return client.post(URL, {"username": name, "password": password} | more)


def came(user):
    client = Client()
    client.force_login(user)
    return client


def demand(street):
    """As a real street is: no policy row, so the default roles must have a second factor."""
    FactorPolicy.objects.filter(street=street).delete()
