"""The numbers of a panel's words; see ``mombook.prose``, whose functions these are."""

from ..prose import fewer, given, percent, signed, three, times_as, whole

__all__ = ["fewer", "given", "percent", "signed", "three", "times_as", "whole"]
