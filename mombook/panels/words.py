"""The numbers of a panel's words; see ``mombook.prose``, whose functions these are."""

from ..prose import counted, fewer, given, percent, signed, three, times_as, whole

__all__ = ["counted", "fewer", "given", "percent", "signed", "three", "times_as", "whole"]
