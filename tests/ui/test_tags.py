"""Component tags: what they write, and that a mistake in a template is loud."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.utils.safestring import SafeString
from heroicons import IconDoesNotExist

from tests.browser import assert_valid_html
from ui import dates
from ui.templatetags.ui import UnknownTone


def render(source: str, **context) -> str:
    return Template("{% load ui %}" + source).render(Context(context)).strip()


def whole(fragment: str) -> str:
    return f'<!DOCTYPE html><html lang="zh-Hans"><title>x</title><body>{fragment}</body></html>'


class Report(forms.Form):
    title = forms.CharField(label="标题", max_length=5, help_text="一句话")
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(label="类别", choices=[("a", "甲"), ("b", "乙")])
    named = forms.ChoiceField(
        label="署名",
        choices=[("y", "公开"), ("n", "不公开")],
        widget=forms.RadioSelect,
        help_text="仅对外",
    )
    tell = forms.MultipleChoiceField(
        label="通知", choices=[("s", "短信"), ("m", "邮件")], widget=forms.CheckboxSelectMultiple
    )
    file = forms.FileField(label="照片")
    agree = forms.BooleanField(label="同意")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_misspelt_argument_stops_the_template():
    with pytest.raises(TemplateSyntaxError, match="tune"):
        render('{% pill "办理中" tune="warn" %}')


def test_an_argument_without_its_name_stops_the_template():
    with pytest.raises(TemplateSyntaxError):
        render('{% pill "办理中" "warn" %}')


@pytest.mark.parametrize(
    "source",
    [
        '{% pill "x" tone="red" %}',
        '{% panel title="x" tone="red" %}{% endpanel %}',
        '{% stat 1 label="x" tone="red" %}',
    ],
)
def test_an_unknown_tone_is_an_error(source):
    with pytest.raises(UnknownTone):
        render(source)


def test_an_unknown_icon_is_an_error():
    with pytest.raises(IconDoesNotExist):
        render('{% icon "no-such-thing" %}')


def test_icons_are_hidden_from_screen_readers_unless_they_speak():
    assert 'aria-hidden="true"' in render('{% icon "home" %}')
    assert '<span class="vh">首页</span>' in render('{% icon "home" label="首页" %}')


HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.mark.parametrize(
    "source",
    [
        "{% pill x %}",
        "{% badge 3 label=x %}",
        '{% icon "home" label=x %}',
        "{% masked x reveal=x what=x %}",
        "{% panel title=x id=x href=x more=x %}{{ x }}{% endpanel %}",
        "{% notice title=x %}{{ x }}{% endnotice %}",
        "{% empty title=x text=x href=x action=x %}",
        "{% stats label=x %}{% stat x label=x unit=x note=x href=x %}{% endstats %}",
        "{% table caption=x %}<tr><td>{{ x }}</td></tr>{% endtable %}",
        '{% tile href=x icon="home" title=x %}{{ x }}{% endtile %}',
        "{% timeline label=x %}{% endtimeline %}",
        "{% event title=x who=x at=x %}{{ x }}{% endevent %}",
        "{% steps xs current=1 label=x %}",
        "{% breadcrumbs %}{% crumb x href=x %}{% crumb x %}{% endbreadcrumbs %}",
        "{% pager previous=x following=x label=x %}",
        "{% photos label=x %}{% photo x alt=x href=x note=x %}{% endphotos %}",
    ],
)
def test_what_people_wrote_is_escaped(source):
    markup = render(source, x=HOSTILE, xs=[HOSTILE])
    assert "<script" not in markup
    assert "&lt;script&gt;" in markup
    assert "\"'&" not in markup


def test_a_badge_is_silent_about_nothing_and_short_about_much():
    assert render("{% badge 0 %}") == ""
    assert render("{% badge none %}", none=None) == ""
    assert ">99<" in render("{% badge 99 %}")
    assert ">99+<" in render("{% badge 100 %}")


# --- dates -----------------------------------------------------------------------------------


@time_machine.travel(datetime(2026, 9, 18, 15, 30, tzinfo=UTC))  # 23:30 in Shanghai
def test_days_are_told_as_people_tell_them():
    tell = dates.day_text
    assert tell(date(2026, 9, 18)) == "今天"
    assert tell(date(2026, 9, 17)) == "昨天"
    assert tell(date(2026, 9, 19)) == "明天"
    assert tell(date(2026, 9, 20)) == "9月20日"
    assert tell(date(2025, 12, 31)) == "2025年12月31日"
    assert tell(date(2026, 9, 18), full=True) == "2026年9月18日 星期五"


@time_machine.travel(datetime(2026, 9, 18, 16, 30, tzinfo=UTC))  # 00:30 of the 19th in Shanghai
def test_a_day_begins_at_midnight_in_shanghai():
    late = datetime(2026, 9, 18, 15, 59, tzinfo=UTC)
    assert render("{% moment at %}", at=late) == (
        '<time datetime="2026-09-18T23:59:00+08:00" data-day="9月18日">昨天 23:59</time>'
    )
    assert render("{% day at %}", at=late) == (
        '<time datetime="2026-09-18" data-day="9月18日">昨天</time>'
    )
    assert (
        render("{% day at %}", at=date(2026, 9, 1)) == '<time datetime="2026-09-01">9月1日</time>'
    )


@time_machine.travel(datetime(2027, 1, 1, 2, 0, tzinfo=UTC))
def test_yesterday_reaches_over_the_new_year():
    assert dates.day_text(date(2026, 12, 31)) == "昨天"
    assert dates.day_text(date(2026, 12, 30)) == "2026年12月30日"


def test_no_date_is_nothing():
    assert render("{% day x %}{% moment x %}", x=None) == ""


def test_a_bare_date_gets_no_clock():
    assert "00:00" not in render("{% moment x %}", x=date(2020, 2, 29))


# --- forms -----------------------------------------------------------------------------------

ALL = "{% errors form %}" + "".join(f"{{% field form.{name} %}}" for name in Report.base_fields)


def test_every_kind_of_field_is_valid_html_and_tied_together():
    assert_valid_html(whole(render(ALL, form=Report())))


def test_a_refused_form_is_valid_and_every_line_leads_to_its_control():
    form = Report({"title": "超过五个字了", "kind": "c", "tell": ["x"]})
    form.add_error(None, "今天已有人反映。")
    markup = whole(render(ALL, form=form))
    assert_valid_html(markup)  # among others: each href="#…" and aria-describedby exists
    for target in ("#id_title", "#id_kind", "#id_named_0", "#id_tell_0", "#id_file", "#id_agree"):
        assert f'href="{target}"' in markup
    assert "有 7 处需要修改" in markup
    assert 'role="alert"' in markup


def test_help_and_error_are_read_with_the_control():
    form = Report({"title": "超过五个字了"})
    markup = render("{% field form.title %}", form=form)
    assert 'aria-describedby="id_title_helptext id_title_error"' in markup
    assert 'aria-invalid="true"' in markup
    assert 'value="超过五个字了"' in markup  # the input is kept
    assert "最多 5 个字，现在有 6 个。" in markup


def test_a_group_carries_its_description_on_the_fieldset():
    markup = render("{% field form.named %}", form=Report({}))
    assert (
        '<fieldset class="field" data-invalid aria-describedby="id_named_helptext id_named_error">'
        in (markup)
    )
    assert "<legend>署名</legend>" in markup


def test_optional_fields_say_so():
    assert "选填" in render("{% field form.note %}", form=Report())
    assert "选填" not in render("{% field form.title %}", form=Report())


def test_boxes_to_tick_need_not_be_called_optional():
    class Wishes(forms.Form):
        ways = forms.MultipleChoiceField(
            required=False, choices=[("sms", "短信")], widget=forms.CheckboxSelectMultiple
        )

    assert "选填" not in render("{% field form.ways %}", form=Wishes())


@pytest.mark.parametrize(
    ("accept", "words"), [("image/jpeg,image/png", "拍照或选照片"), (".csv", "选择文件")]
)
def test_a_file_field_speaks_chinese_whatever_the_browser_speaks(accept, words):
    class Upload(forms.Form):
        file = forms.FileField(widget=forms.FileInput(attrs={"accept": accept}))

    markup = render("{% field form.file %}", form=Upload())
    assert_valid_html(f"<!DOCTYPE html><title>x</title>{markup}")
    assert f"{words}</span>" in markup


def test_a_hidden_field_has_no_label():
    assert "<label" not in render("{% field form.secret %}", form=Report())


def test_errors_says_nothing_about_a_form_without_any():
    assert render("{% errors form %}", form=Report()) == ""


def test_field_wants_a_field():
    with pytest.raises(TemplateSyntaxError):
        render("{% field form.no_such_field %}", form=Report())


def test_plain_words_do_not_leak_into_other_fields():
    assert str(forms.CharField().error_messages["required"]) == "请填写这一项。"
    assert str(forms.BooleanField().error_messages["required"]) == "请勾选后再继续。"
    assert str(forms.ChoiceField().error_messages["required"]) == "请选择一项。"
    assert str(forms.EmailField().error_messages["required"]) == "请填写这一项。"


# --- order ------------------------------------------------------------------------------------


def test_steps_tell_past_present_and_future_in_words():
    markup = render("{% steps road current=2 %}", road=["受理", "办理", "办结"])
    assert '受理<span class="vh">（已完成）' in markup
    assert 'aria-current="step"><span>办理<span class="vh">（当前）' in markup
    assert '办结<span class="vh">（未开始）' in markup


def test_a_pager_offers_only_what_there_is():
    assert render("{% pager %}") == ""
    assert "上一页" not in render('{% pager following="?after=3" %}')
    assert "下一页" in render('{% pager following="?after=3" %}')


def test_an_event_without_words_has_no_empty_box():
    assert "what" not in render('{% event title="受理" %} {% endevent %}')
    assert isinstance(Template("{% load ui %}{% pill 'x' %}").render(Context()), SafeString)
