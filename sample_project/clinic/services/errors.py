"""What can go wrong in the clinic; every rule that is broken has its own class."""

from __future__ import annotations

__all__ = [
    "AllergyError",
    "AlreadyOpenError",
    "AlreadyRegisteredError",
    "AppointmentError",
    "ClinicError",
    "DoseError",
    "EncounterClosedError",
    "ImplausibleValueError",
    "InteractionError",
    "NotFoundError",
    "PrescribingError",
    "RegistrationError",
]


class ClinicError(Exception):
    """A rule of the clinic was broken; nothing was written."""


class NotFoundError(ClinicError):
    """There is no such row."""


class RegistrationError(ClinicError):
    """A person cannot be registered as asked."""


class AlreadyRegisteredError(RegistrationError):
    """The record number belongs to somebody else, or the person seems to be registered already."""


class AlreadyOpenError(ClinicError):
    """The patient has an open encounter, and may have only one."""


class EncounterClosedError(ClinicError):
    """The encounter is not open, so nothing can be added to it."""


class ImplausibleValueError(ClinicError):
    """No living patient has such a value."""


class AppointmentError(ClinicError):
    """The appointment cannot be kept as asked."""


class PrescribingError(ClinicError):
    """The medication may not be prescribed as asked."""


class DoseError(PrescribingError):
    """More than the daily limit, or for too long."""


class AllergyError(PrescribingError):
    """The patient is allergic to this class of medications."""


class InteractionError(PrescribingError):
    """The medication does not go together with one that the patient takes."""
