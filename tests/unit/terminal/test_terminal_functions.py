"""Functions and special variables of the terminal (iris-terminal-and-image B.3, B.4, B.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Written = Callable[..., str]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('$extract("abcd"),$extract("abcd",*),$extract("abcd",*-1,*)', "adcd"),
        ('$extract("abcd",2,*),$extract("abcd",9),$extract("abcd",3,2)', "bcd"),
        ('$piece("a,b,c",",",*),$piece("a,b,c",",",2,*),$piece("abc","x",2)', "cb,c"),
        ('$translate("abcabc","ab","x"),$translate("abc","c")', "xcxcab"),
        (
            '$replace("aXbX","X","--"),$replace("aXbX","X","-",1,1),$replace("axbX","X","-",,,1)',
            "a--b--a-bXa-b-",
        ),
        ('$reverse("abc"),$char(65,66),$ascii("A"),$ascii(""),$ascii("AB",2)', "cbaAB65-166"),
        ('$justify("ab",5),$justify(3.14159,8,2),$justify("abc",2)', "   ab    3.14abc"),
        (
            '$fnumber(1234567.891,",",2),$fnumber(-5,"P"),$fnumber(5,"+"),$fnumber(.5,"L")',
            "1,234,567.89(5)+50.5",
        ),
        ('$zconvert("aBc","U"),$zconvert("aBc","L"),$zconvert("the end","W")', "ABCabcThe End"),
        ('$length($zconvert("ü","O","UTF8")),$zconvert("a""b","O","JSON")', '2a\\"b'),
        ('$zconvert("a b&c","O","URL"),$zconvert("<a>","O","HTML")', "a%20b%26c&lt;a&gt;"),
        ('$zstrip("  a b  ","<>W"),$zstrip("a1b2","*N"),$zstrip("aabb","=A")', "a babab"),
        ('$zstrip("0012","<","0"),$zstrip("a-b","*P",,"-")', "12a-b"),
        ('$match("abc","[a-c]+"),$locate("xxabc","[a-c]")', "13"),
        ('$listlength($listbuild(1,,"x")),$listvalid($lb(1)),$listvalid("abc")', "310"),
        ('$listtostring($listfromstring("a,b,c"),"-"),$listfind($lb("a","b"),"b")', "a-b-c2"),
        ('$listget($lb(1),2,"none"),$listdata($lb(1,,3),2),$listsame($lb(1),$lb("1"))', "none01"),
        ("$listtostring($list($lb(1,2,3),2,3)),$list($lb(1,2,3),*),$list($lb(1,2),-1)", "2,332"),
        (
            '$zdate(0,3)," ",$zdate(65000,3)," ",$zdate(65000)," ",$zdate(65000,8)',
            "1840-12-31 2018-12-18 12/18/2018 20181218",
        ),
        ('$zdate(58073)," ",$zdate(58073,2)," ",$zdate(65000,10)', "12/31/99 31 Dec 99 2"),
        (
            '$zdateh("2018-12-18",3)," ",$zdateh("12/18/2018")," ",$zdateh("18/12/2018",4)',
            "65000 65000 65000",
        ),
        ('$ztime(3661)," ",$ztime(3661.25,1,2)," ",$ztime(46800,3)', "01:01:01 01:01:01.25 01:00:00PM"),
        ('$ztimeh("01:01:01")," ",$ztimeh("01:00:00PM")', "3661 46800"),
        (
            '$zdatetime("65000,3661",3)," ",$zdatetime("65000,1",3,5)',
            "2018-12-18 01:01:01 2018-12-18T00:00:01",
        ),
        ('$zdatetimeh("2018-12-18 01:01:01",3)', "65000,3661"),
        ('$length($horolog,","),$length($zdatetime($now(),3)),$horolog=$h', "2191"),
        ('$number("1,234.5"),$number("abc"),$number(2.567,2)', "1234.52.57"),
        ('$random(1),$zabs(-3),$zsqr(16),$zhex(255),$zhex("FF")', "034FF255"),
        ('$qlength("a(1,""x"")"),$qsubscript("^a(1,""x"")",2),$qsubscript("^a(1)",0)', "2x^a"),
        ("$name(a(1)),$name(^a(1,2),1)", "a(1)^a(1)"),
        ('"1.0"]]5,5]]10,""]]1', "100"),
        ('"ab12"?2A2N,"ab"?.E,"a"?1A1N,"x1"?1(1"x",1"y")1N,"ab"\'?2N,"AB"?2U', "110111"),
        ('"3-4"?1N1"-"1N,"éa"?2A,"a b"?1A1P1A,""?.N', "1111"),
        ("12.5#3.2,1/3*3", "2.9.9999999999999999999"),
        ("'0,'1,''5,+\"3x\",-\"-2\"", "10132"),
        ('1\'=2,1\'<2,"a"\'["b"', "101"),
        ("1&0,1!0,0&&(1/0),1||(1/0)", "0101"),
        ("$zu(5),$namespace=$znspace,$test", "USER10"),
        ("$zu(12)=$system.Util.ManagerDirectory(),$length($zversion)>5,$username", "11irisowner"),
        ('$classmethod("%SYSTEM.Process","NameSpace")', "USER"),
        ("$isobject(nothing),$isobject(##class(%SQL.Statement).%New())", "01"),
        ("$estack,$tlevel,$ecode,$etrap", "00"),
        ('$system.Status.IsOK(1),##class(%File).Exists("/nowhere")', "10"),
    ],
)
def test_an_expression_has_the_value_that_the_manual_gives_it(
    written: Written, expression: str, value: str
) -> None:
    assert written(f"write {expression}") == value


@pytest.mark.parametrize("code", [19, 28, 36, 41, 60, 64, 66, 76, 78, 302, 345, 429, 453, 896, 5001, 5032])
def test_every_code_of_a_status_is_explained(written: Written, code: int) -> None:
    """The codes of mount, dismount, create and delete (iris-facts 2.4)."""
    text = written(f'write $system.Status.GetErrorText($system.Status.Error({code},"/there/"))')

    assert text.startswith(f"ERROR #{code}: ")
    assert "/there/" in text


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("write 1/0", "<DIVIDE>"),
        ("write 5#0", "<DIVIDE>"),
        ("write 0**-1", "<ILLEGAL VALUE>"),
        ('write $case(1,2:"x")', "<ILLEGAL VALUE>"),
        ('write $select(0:"x")', "<SELECT>"),
        ("write $list($lb(1),2)", "<NULL VALUE>"),
        ('write $listlength("abc")', "<LIST>"),
        ("write $random(0)", "<FUNCTION>"),
        ('write $zdate("x")', "<ILLEGAL VALUE>"),
        ("write $zdate(-5)", "<VALUE OUT OF RANGE>"),
        ('write $match("a","(")', "<REGULAR EXPRESSION>"),
        ("write $nosuch(1)", "<SYNTAX>"),
        ("write $nosuch", "<SYNTAX>"),
        ('write a("")', '<SUBSCRIPT> *a("")'),
        ('set ^a("")=1', '<SUBSCRIPT> ^a("")'),
        ('write $get(%ISC["DataDir"],"/x")', "<SYNTAX>"),
        ("write $$$ISOK(1)", "<SYNTAX>"),
        ('write "x".Name', "<INVALID OREF>"),
        ("write nothing.Name", "<UNDEFINED> *nothing"),
        ("write ##class(%File).Nothing()", "<METHOD DOES NOT EXIST> *Nothing,%Library.File"),
        ("write ^(1)", "<NAKED>"),
        ("write $zf(-100,1)", "<UNIMPLEMENTED> *$ZF"),
        ("open 1 use 1", "<UNIMPLEMENTED>"),
        ('write @"1+"', "<SYNTAX>"),
        ("do ^rtn", "<NOROUTINE> *rtn"),
        ("do label^rtn(1,.x)", "<NOROUTINE> *rtn"),
        ("do nolabel", "<NOLINE>"),
        ('write "1E999"+1', "<MAXNUMBER>"),
        ("write 9**999999", "<MAXNUMBER>"),
        ("write $justify(1,1E9)", "<MAXSTRING>"),
        ('set $piece(x,",",1E9)=1', "<MAXSTRING>"),
        ("continue", "<CONTINUE>"),
        ("tcommit", "<COMMAND>"),
        ('set $ecode=",Uoops,"', "<ECODETRAP> *,Uoops,"),
    ],
)
def test_a_mistake_has_the_name_that_the_manual_gives_it(
    after: Callable[..., str], line: str, error: str
) -> None:
    *_, last, prompt = after(line).split("\n")

    assert last == error
    assert prompt == "USER>"
