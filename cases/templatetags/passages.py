"""Passages of returns as people read them. ``{% load passages %}``."""

from django import template

from cases.ansi import plain

register = template.Library()

register.filter("plain", plain)
