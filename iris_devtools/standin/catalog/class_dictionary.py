"""%Dictionary: tables seen as classes, as far as tools read it (wire-protocol.md 13)."""

from __future__ import annotations

from iris_devtools.standin.catalog.system_view import TEXT, SystemColumn, SystemView, columns
from iris_devtools.standin.types import BIT

__all__ = ["CLASS_DICTIONARY"]

_IS_VIEW = "TABLE_TYPE COLLATE BINARY = 'VIEW'"
_IS_OURS = "TABLE_TYPE COLLATE BINARY NOT LIKE 'SYSTEM%'"


def _flag(name: str, expression: str) -> SystemColumn:
    return SystemColumn(name, BIT, expression)


def _classes(name: str) -> SystemView:
    return SystemView(
        "%Dictionary",
        name,
        f"%Dictionary.{name}",
        columns(
            "ID=CLASSNAME Name=CLASSNAME",
            SystemColumn("Description", TEXT, "DESCRIPTION"),
            SystemColumn(
                "Super",
                expression=f"CASE WHEN {_IS_VIEW} THEN NULL ELSE '%Library.Persistent' END",
            ),
            SystemColumn(
                "ClassType",
                expression=f"CASE WHEN {_IS_VIEW} THEN 'view' ELSE 'persistent' END",
            ),
            _flag("DdlAllowed", _IS_OURS),
            _flag("Final", _IS_OURS),
            _flag("Abstract", "0"),
            _flag("Hidden", "0"),
            _flag("SqlRowIdPrivate", "1"),
            "Owner=OWNER SqlTableName=TABLE_NAME SqlSchemaName=TABLE_SCHEMA",
        ),
        "%dict.tables",
    )


def _properties(name: str) -> SystemView:
    return SystemView(
        "%Dictionary",
        name,
        f"%Dictionary.{name}",
        columns(
            "ID=parent||'||'||PROPERTY_NAME parent Name=PROPERTY_NAME Type=type SqlFieldName",
            SystemColumn("SqlComputeCode", TEXT, "COMPUTE_CODE"),
            _flag("SqlComputed", "COMPUTE_CODE IS NOT NULL"),
            "SqlComputeOnChange=compute_on_change",
            _flag("Calculated", "calculated"),
            _flag("Transient", "transient"),
            _flag("Required", "required"),
            _flag("Identity", "IS_IDENTITY='YES'"),
            _flag("Private", "private"),
            SystemColumn("InitialExpression", TEXT, "initial_expression"),
            SystemColumn("Description", TEXT, "DESCRIPTION"),
            "Collection= SqlColumnNumber:I=ORDINAL_POSITION+1",
        ),
        "%dict.columns",
        where="PROPERTY_NAME IS NOT NULL",
    )


def _indexes(name: str) -> SystemView:
    return SystemView(
        "%Dictionary",
        name,
        f"%Dictionary.{name}",
        columns(
            "ID=parent||'||'||name parent Name=name SqlName Properties=properties Data=data Type=",
            _flag("Unique", "is_unique"),
            _flag("PrimaryKey", "is_primary"),
            _flag("IdKey", "0"),
            _flag("Extent", "0"),
            "Description=",
        ),
        "%dict.indexes",
    )


CLASS_DICTIONARY: tuple[SystemView, ...] = (
    _classes("ClassDefinition"),
    _classes("CompiledClass"),
    _properties("PropertyDefinition"),
    _properties("CompiledProperty"),
    _indexes("IndexDefinition"),
    _indexes("CompiledIndex"),
)
