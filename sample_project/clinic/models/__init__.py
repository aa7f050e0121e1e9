"""The tables of the clinic, as typed SQLAlchemy models."""

from __future__ import annotations

from clinic.models.audit import AuditEntry
from clinic.models.base import Base
from clinic.models.care import Encounter, EncounterStatus, Observation, ObservationKind
from clinic.models.people import Department, Patient, Practitioner, Sex
from clinic.models.pharmacy import (
    Allergy,
    Interaction,
    Medication,
    MedicationClass,
    Prescription,
    PrescriptionStatus,
    Severity,
)
from clinic.models.scheduling import Appointment, AppointmentStatus

__all__ = [
    "Allergy",
    "Appointment",
    "AppointmentStatus",
    "AuditEntry",
    "Base",
    "Department",
    "Encounter",
    "EncounterStatus",
    "Interaction",
    "Medication",
    "MedicationClass",
    "Observation",
    "ObservationKind",
    "Patient",
    "Practitioner",
    "Prescription",
    "PrescriptionStatus",
    "Severity",
    "Sex",
]
