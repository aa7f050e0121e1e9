"""INFORMATION_SCHEMA: its views with their columns in order (iris-sql.md 9, iris-facts.md 8.3).

Where a value is the same for all rows, or the server never fills it, the expression says so here;
everything else comes from the dictionary's derived tables, one of which stands behind each view, so that
SQLite can read its indexes through the view.
"""

from __future__ import annotations

from iris_devtools.standin.catalog.system_view import NAME, TEXT, SystemColumn, SystemView, columns, nothing
from iris_devtools.standin.types import INTEGER, SMALLINT, TIMESTAMP, TINYINT

__all__ = ["INFORMATION_SCHEMA"]

_SCHEMA = "INFORMATION_SCHEMA"
_IS_VIEW = "TABLE_TYPE COLLATE BINARY = 'VIEW'"


def _view(
    name: str, *, source: str | None, cols: tuple[SystemColumn, ...], where: str = "", each: str = ""
) -> SystemView:
    class_name = f"INFORMATION.SCHEMA.{name.replace('_', '')}"
    return SystemView(_SCHEMA, name, class_name, cols, source, where, each)


def _empty(name: str, text: str) -> SystemView:
    return _view(name, source=None, cols=nothing(text))


_TABLES = _view(
    "TABLES",
    source="%dict.tables",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME TABLE_TYPE SELF_REFERENCING_COLUMN_NAME= "
        "REFERENCE_GENERATION= "
        "USER_DEFINED_TYPE_CATALOG= USER_DEFINED_TYPE_SCHEMA= USER_DEFINED_TYPE_NAME= IS_INSERTABLE_INTO "
        "IS_TYPED='NO' CLASSNAME",
        SystemColumn("DESCRIPTION", TEXT, "DESCRIPTION"),
        "OWNER",
        SystemColumn("IS_SHARDED", SMALLINT, "0"),
    ),
)

_COLUMNS = _view(
    "COLUMNS",
    source="%dict.columns",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION:I DTD_IDENTIFIER= "
        "DOMAIN_CATALOG= "
        "DOMAIN_SCHEMA= DOMAIN_NAME=",
        SystemColumn("COLUMN_DEFAULT", TEXT, "COLUMN_DEFAULT"),
        "IS_NULLABLE IS_SELF_REFERENCING= IS_IDENTITY IDENTITY_GENERATION= IDENTITY_START= "
        "IDENTITY_INCREMENT= "
        "IDENTITY_MAXIMUM= IDENTITY_MINIMUM= IDENTITY_CYCLE= IS_GENERATED GENERATION_EXPRESSION= "
        "IS_UPDATABLE "
        "DATA_TYPE CHARACTER_MAXIMUM_LENGTH:I CHARACTER_OCTET_LENGTH:I=CHARACTER_MAXIMUM_LENGTH",
        SystemColumn("NUMERIC_PRECISION", TINYINT, "NUMERIC_PRECISION"),
        SystemColumn("NUMERIC_PRECISION_RADIX", SMALLINT, "NUMERIC_PRECISION_RADIX"),
        "NUMERIC_SCALE:I DATETIME_PRECISION= CHARACTER_SET_CATALOG= CHARACTER_SET_SCHEMA= "
        "CHARACTER_SET_NAME= "
        "COLLATION_CATALOG= COLLATION_SCHEMA= COLLATION_NAME=",
        SystemColumn("DESCRIPTION", TEXT, "DESCRIPTION"),
        "AUTO_INCREMENT UNIQUE_COLUMN PRIMARY_KEY",
        SystemColumn("PROPERTY_NAME", expression="PROPERTY_NAME", private=True),
        SystemColumn("COMPUTE_CODE", TEXT, "COMPUTE_CODE", private=True),
        SystemColumn("IS_PERSISTED", expression="IS_PERSISTED", private=True),
    ),
)

_SCHEMATA = _view(
    "SCHEMATA",
    source="%dict.schemata",
    cols=columns(
        "CATALOG_NAME= SCHEMA_NAME SCHEMA_OWNER=OWNER DEFAULT_CHARACTER_SET_CATALOG= "
        "DEFAULT_CHARACTER_SET_SCHEMA= "
        "DEFAULT_CHARACTER_SET_NAME= SQL_PATH="
    ),
    where="members > 0",
)

_VIEWS = _view(
    "VIEWS",
    source="%dict.tables",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME",
        SystemColumn("VIEW_DEFINITION", TEXT, "VIEW_DEFINITION"),
        "CHECK_OPTION IS_UPDATABLE=IS_INSERTABLE_INTO IS_TRIGGER_UPDATABLE='NO' IS_TRIGGER_DELETABLE='NO' "
        "IS_TRIGGER_INSERTABLE_INTO='NO' CLASSNAME OWNER",
    ),
    where=_IS_VIEW,
)

_INDEXES = _view(
    "INDEXES",
    source="%dict.index_columns",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME",
        SystemColumn("NON_UNIQUE", SMALLINT, "NON_UNIQUE"),
        "INDEX_CATALOG= INDEX_SCHEMA=TABLE_SCHEMA INDEX_NAME",
        SystemColumn("ORDINAL_POSITION", SMALLINT, "ORDINAL_POSITION"),
        "COLUMN_NAME ASC_OR_DESC='A'",
        SystemColumn("PRIMARY_KEY", SMALLINT, "PRIMARY_KEY"),
        "MAP_STATUS=",
        SystemColumn("DATA_FIELDS", TEXT, "DATA_FIELDS"),
    ),
)

_TABLE_CONSTRAINTS = _view(
    "TABLE_CONSTRAINTS",
    source="%dict.constraints",
    cols=columns(
        "CONSTRAINT_CATALOG= CONSTRAINT_SCHEMA=TABLE_SCHEMA CONSTRAINT_NAME TABLE_CATALOG= "
        "TABLE_SCHEMA TABLE_NAME "
        "CONSTRAINT_TYPE IS_DEFERRABLE='NO' INITIALLY_DEFERRED='NO'"
    ),
)

_KEY_COLUMN_USAGE = _view(
    "KEY_COLUMN_USAGE",
    source="%dict.key_columns",
    cols=columns(
        "CONSTRAINT_CATALOG= CONSTRAINT_SCHEMA=TABLE_SCHEMA CONSTRAINT_NAME TABLE_CATALOG= "
        "TABLE_SCHEMA TABLE_NAME "
        "COLUMN_NAME ORDINAL_POSITION:I POSITION_IN_UNIQUE_CONSTRAINT:I=ORDINAL_POSITION "
        "REFERENCED_TABLE_CATALOG= "
        "REFERENCED_TABLE_SCHEMA REFERENCED_TABLE_NAME REFERENCED_CONSTRAINT_NAME REFERENCED_COLUMN_NAME "
        "CONSTRAINT_TYPE"
    ),
)

_REFERENTIAL_CONSTRAINTS = _view(
    "REFERENTIAL_CONSTRAINTS",
    source="%dict.references",
    cols=columns(
        "CONSTRAINT_CATALOG= CONSTRAINT_SCHEMA=TABLE_SCHEMA CONSTRAINT_TABLE_NAME=TABLE_NAME CONSTRAINT_NAME "
        "UNIQUE_CONSTRAINT_CATALOG= UNIQUE_CONSTRAINT_SCHEMA=UNIQUE_SCHEMA "
        "UNIQUE_CONSTRAINT_TABLE=UNIQUE_TABLE "
        "UNIQUE_CONSTRAINT_NAME=UNIQUE_NAME MATCH_OPTION='NONE' UPDATE_RULE DELETE_RULE"
    ),
)

_CONSTRAINT_COLUMN_USAGE = _view(
    "CONSTRAINT_COLUMN_USAGE",
    source="%dict.key_columns",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME COLUMN_NAME CONSTRAINT_CATALOG= "
        "CONSTRAINT_SCHEMA=TABLE_SCHEMA "
        "CONSTRAINT_NAME"
    ),
)

_CONSTRAINT_TABLE_USAGE = _view(
    "CONSTRAINT_TABLE_USAGE",
    source="%dict.constraints",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME CONSTRAINT_CATALOG= CONSTRAINT_SCHEMA=TABLE_SCHEMA "
        "CONSTRAINT_NAME"
    ),
)

_VIEW_TABLE_USAGE = _view(
    "VIEW_TABLE_USAGE",
    source="%dict.view_uses",
    cols=columns("VIEW_CATALOG= VIEW_SCHEMA VIEW_NAME TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME"),
    where="COLUMN_NAME IS NULL",
)

_VIEW_COLUMN_USAGE = _view(
    "VIEW_COLUMN_USAGE",
    source="%dict.view_uses",
    cols=columns("VIEW_CATALOG= VIEW_SCHEMA VIEW_NAME TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME COLUMN_NAME"),
    where="COLUMN_NAME IS NOT NULL",
)

_DATA_TYPE = (
    "DATA_TYPE CHARACTER_MAXIMUM_LENGTH:I CHARACTER_OCTET_LENGTH:I CHARACTER_SET_CATALOG "
    "CHARACTER_SET_SCHEMA "
    "CHARACTER_SET_NAME COLLATION_CATALOG COLLATION_SCHEMA COLLATION_NAME NUMERIC_PRECISION:I "
    "NUMERIC_PRECISION_RADIX:I NUMERIC_SCALE:I DATETIME_PRECISION:I "
)

_ROUTINES = _view(
    "ROUTINES",
    source=None,
    cols=(
        *nothing(
            "SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME "
            "MODULE_CATALOG MODULE_SCHEMA MODULE_NAME USER_DEFINED_TYPE_CATALOG USER_DEFINED_TYPE_SCHEMA "
            "USER_DEFINED_TYPE_NAME ROUTINE_TYPE DTD_IDENTIFIER ROUTINE_BODY ROUTINE_DEFINITION "
            "EXTERNAL_NAME "
            "EXTERNAL_LANGUAGE PARAMETER_STYLE IS_DETERMINISTIC SQL_DATA_ACCESS IS_NULL_CALL SQL_PATH "
            "SCHEMA_LEVEL_ROUTINE MAX_DYNAMIC_RESULT_SETS:I IS_USER_DEFINED_CAST IS_IMPLICITLY_INVOCABLE "
            "SECURITY_TYPE TO_SQL_SPECIFIC_CATALOG TO_SQL_SPECIFIC_SCHEMA TO_SQL_SPECIFIC_NAME AS_LOCATOR"
        ),
        SystemColumn("CREATED", TIMESTAMP),
        SystemColumn("LAST_ALTERED", TIMESTAMP),
        *nothing("NEW_SAVEPOINT_LEVEL IS_UDT_DEPENDENT " + _DATA_TYPE + "CLASSNAME METHOD_OR_QUERY_NAME"),
    ),
)


def _of_trigger(name: str, part: str) -> SystemColumn:
    return SystemColumn(name, NAME, f"json_extract(one.value, '$.{part}')")


_TRIGGERS = _view(
    "TRIGGERS",
    source="%dict.tables",
    each="json_each(definition, '$.triggers') AS one",
    cols=columns(
        "TABLE_CATALOG= TABLE_SCHEMA TABLE_NAME",
        _of_trigger("TRIGGER_NAME", "name"),
        SystemColumn(
            "EVENT_MANIPULATION",
            NAME,
            "(SELECT group_concat(event.value, '/') FROM json_each(one.value, '$.events') AS event)",
        ),
        "EVENT_OBJECT_CATALOG= EVENT_OBJECT_SCHEMA=TABLE_SCHEMA EVENT_OBJECT_TABLE=TABLE_NAME",
        SystemColumn("ACTION_ORDER", INTEGER, "COALESCE(json_extract(one.value, '$.order'), 0)"),
        _of_trigger("ACTION_CONDITION", "condition"),
        SystemColumn("ACTION_STATEMENT", TEXT, "json_extract(one.value, '$.code')"),
        SystemColumn("ACTION_ORIENTATION", NAME, "'ROW'"),
        _of_trigger("ACTION_TIMING", "time"),
        "ACTION_REFERENCE_OLD_TABLE= ACTION_REFERENCE_NEW_TABLE=",
        _of_trigger("ACTION_REFERENCE_OLD_ROW", "old"),
        _of_trigger("ACTION_REFERENCE_NEW_ROW", "new"),
        SystemColumn("CREATED", TIMESTAMP, "json_extract(one.value, '$.created')"),
    ),
)

_STATEMENTS = _view(
    "STATEMENTS",
    source=None,
    cols=(
        *nothing("Hash SqlComp DefaultSchema SchemaPath Frozen"),
        SystemColumn("Timestamp", TIMESTAMP),
        *nothing("Version Error Plan"),
        SystemColumn("Statement", TEXT),
        *nothing(
            "StatementLarge Natural Parallel StatCount:I StatTotal:I StatAverage:I StatVariance:I "
            "StatRowCount:I "
            "StatStdDev:I StatFirst StatCountDay:I StatTotalDay:I StatRowCountDay:I"
        ),
    ),
)

INFORMATION_SCHEMA: tuple[SystemView, ...] = (
    _TABLES,
    _COLUMNS,
    _SCHEMATA,
    _VIEWS,
    _INDEXES,
    _TABLE_CONSTRAINTS,
    _KEY_COLUMN_USAGE,
    _REFERENTIAL_CONSTRAINTS,
    _CONSTRAINT_COLUMN_USAGE,
    _CONSTRAINT_TABLE_USAGE,
    _VIEW_TABLE_USAGE,
    _VIEW_COLUMN_USAGE,
    _empty("CHECK_CONSTRAINTS", "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE"),
    _ROUTINES,
    _empty(
        "PARAMETERS",
        "SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ORDINAL_POSITION:I DTD_IDENTIFIER "
        "PARAMETER_MODE IS_RESULT "
        "AS_LOCATOR PARAMETER_NAME FROM_SQL_SPECIFIC_CATALOG FROM_SQL_SPECIFIC_SCHEMA FROM_SQL_SPECIFIC_NAME "
        + _DATA_TYPE,
    ),
    _TRIGGERS,
    _STATEMENTS,
    _empty("CURRENT_STATEMENTS", "Hash Process:I Statement StartTime User ClientHost ClientApplication"),
    _empty("CURRENT_CONNECTIONS", "Process:I User ClientHost ClientApplication Protocol"),
    _empty("STATEMENT_LOCATIONS", "Statement Location LocationType"),
    _empty("STATEMENT_RELATIONS", "Statement Relation RelationType"),
    _empty("COLUMN_HISTOGRAMS", "TABLE_SCHEMA TABLE_NAME COLUMN_NAME Position:I Value"),
    _empty("FOREIGN_TABLES", "TABLE_SCHEMA TABLE_NAME SERVER_NAME"),
    _empty("FOREIGN_SERVERS", "SERVER_NAME SERVER_TYPE SERVER_OWNER"),
    _empty("USER_DEFINED_AGGREGATES", "AGGREGATE_SCHEMA AGGREGATE_NAME CLASSNAME"),
)
"""All views. Those without a source exist on IRIS, too, and are empty: nothing that they list can be made."""
