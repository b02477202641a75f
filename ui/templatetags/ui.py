"""Component tags. ``{% load ui %}``; the living page of them all is ``/ui/``.

What a tag is about comes first and unnamed; everything else is keyword-only, so a misspelt
argument stops the template instead of being ignored. Tags that stand in every row of a list
build their markup from strings (a few microseconds); the others have a template in
``templates/components/``.
"""

from datetime import date, datetime

from django import template
from django.forms import CheckboxInput, ClearableFileInput, FileInput
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ui import charts, dates, icons

register = template.Library()

TONES = {"plain", "info", "ok", "warn", "bad"}
TONE_ICONS = {
    "plain": "information-circle",
    "info": "information-circle",
    "ok": "check-circle",
    "warn": "exclamation-triangle",
    "bad": "exclamation-circle",
}


class UnknownTone(ValueError):
    def __init__(self, tone):
        super().__init__(f"tone={tone!r}: one of {', '.join(sorted(TONES))}")


def _tone(tone: str) -> str:
    if tone not in TONES:
        raise UnknownTone(tone)
    return tone


def _markup(text: str) -> SafeString:
    """Markup built here, of parts that were escaped one by one."""
    return mark_safe(text)  # noqa: S308 see above; the quick way past format_html in long lists


# --- small words in a row ------------------------------------------------------------------------


@register.simple_tag
def pill(text, *, tone="info"):
    """A state: a mark and a word, so that colour is never the only cue."""
    return _markup(
        f'<span class="pill" data-tone="{_tone(tone)}">{conditional_escape(text)}</span>'
    )


@register.simple_tag
def badge(count, *, label=""):
    """A count in a circle; nothing for zero, 99+ above. ``label`` says what is counted."""
    count = int(count or 0)
    if count < 1:
        return ""
    shown = "99+" if count > 99 else str(count)
    words = f'<span class="vh">{conditional_escape(label)}</span>' if label else ""
    return _markup(f'<span class="badge">{shown}{words}</span>')


@register.simple_tag
def icon(name, *, style="outline", label=""):
    """A heroicon. Decorative unless ``label`` gives it words for those who do not see it."""
    drawing = icons.svg(name, style)
    if label:
        return _markup(f'{drawing}<span class="vh">{conditional_escape(label)}</span>')
    return drawing


@register.simple_tag
def day(value, *, full=False):
    """A date: 今天, 9月18日, 2025年9月18日; ``full`` adds year and weekday. Empty for None."""
    if not value:
        return ""
    value = dates.as_day(value)
    text = dates.day_text(value, full=full)
    return _markup(f'<time datetime="{value.isoformat()}"{_on_paper(value, text)}>{text}</time>')


@register.simple_tag
def moment(value, *, full=False):
    """An instant in Asia/Shanghai: 昨天 09:05. A bare date gets no clock. Empty for None."""
    if not value:
        return ""
    if not isinstance(value, datetime):
        return day(value, full=full)
    text = dates.moment_text(value, full=full)
    paper = _on_paper(dates.as_day(value), text)
    return _markup(f'<time datetime="{dates.machine(value)}"{paper}>{text}</time>')


def _on_paper(value, text) -> str:
    """昨天 is wrong on paper: print.css adds the date it stands for."""
    on_paper = dates.on_paper(value, text)
    return f' data-day="{on_paper}"' if on_paper else ""


@register.simple_tag
def masked(text, *, reveal="", what=""):
    """Text that its model has masked already (100****1234), said to be so.

    ``reveal``: address of the page that asks for a reason and shows it; ``what`` names it there.
    """
    if not text:
        return ""
    shown = (
        f'<span class="masked">{conditional_escape(text)}'
        f'<span class="vh">{_("（部分隐藏）")}</span></span>'
    )
    if reveal:
        link = _("查看完整%(what)s") % {"what": what}
        shown += (
            f' <a class="reveal" href="{conditional_escape(reveal)}">{conditional_escape(link)}</a>'
        )
    return _markup(shown)


# --- boxes ---------------------------------------------------------------------------------------


@register.simple_block_tag
def panel(content, *, title="", tone="plain", level=2, id="", href="", more="", flush=False):
    """A box around ``content``. ``href`` and ``more``: a link in its head (全部 128 件).

    ``flush``: no inner margin, for lists of rows and tables. ``level``: of the heading.
    """
    return render_to_string(
        "components/panel.html",
        {
            "content": content,
            "title": title,
            "tone": _tone(tone),
            "level": int(level),
            "id": id,
            "href": href,
            "more": more,
            "flush": flush,
        },
    )


@register.simple_block_tag
def notice(content, *, title="", tone="info"):
    """Something to be told now: read out at once when it is bad, politely otherwise."""
    return render_to_string(
        "components/notice.html",
        {
            "content": content,
            "title": title,
            "tone": _tone(tone),
            "icon": icons.svg(TONE_ICONS[tone]),
        },
    )


@register.simple_tag
def empty(*, title, text="", icon="inbox", href="", action=""):
    """What stands where nothing is yet: why, and the next thing to do."""
    return render_to_string(
        "components/empty.html",
        {"title": title, "text": text, "icon": icons.svg(icon), "href": href, "action": action},
    )


@register.simple_block_tag
def stats(content, *, label=""):
    """Figures side by side; holds ``{% stat %}`` only."""
    name = format_html(' aria-label="{}"', label) if label else ""
    return format_html('<dl class="stats"{}>{}</dl>', name, content)


@register.simple_tag
def stat(value, *, label, unit="", note="", tone="plain", href=""):
    """One figure with its name, inside ``{% stats %}``. ``note``: 较上周 +12, say."""
    name = format_html('<a href="{}">{}</a>', href, label) if href else label
    return format_html(
        '<div class="stat" data-tone="{}"><dt>{}</dt><dd>{}{}{}</dd></div>',
        _tone(tone),
        name,
        value,
        format_html("<small>{}</small>", unit) if unit else "",
        format_html('<span class="note">{}</span>', note) if note else "",
    )


@register.simple_block_tag
def table(content, *, caption, hide_caption=False):
    """``content`` (thead, tbody) as a table that scrolls inside itself on a narrow screen."""
    return format_html(
        '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>'
        "<caption{}>{}</caption>{}</table></div>",
        caption,
        _markup(' class="vh"') if hide_caption else "",
        caption,
        content,
    )


@register.simple_tag
def bars(points, *, label, heads, big=False):
    """Columns of ``ui.charts.Point``s from zero, and their table below; ``heads`` names columns.

    ``label``: what the chart shows, in a sentence. ``big``: for the elder mode.
    """
    return charts.bars(points, label=label, big=bool(big)) + charts.table(
        points, caption=label, heads=heads
    )


@register.simple_tag
def line(points, *, label, heads, big=False):
    """Shares in percent over time, and their table below. Arguments as ``bars``."""
    return charts.line(points, label=label, big=bool(big)) + charts.table(
        points, caption=label, heads=heads
    )


@register.simple_block_tag
def tile(content, *, href, icon, title, first=False):
    """A big door to one thing, the whole of it a target. ``content``: a few words below.

    ``first``: the page's main thing, in red; at most one.
    """
    return format_html(
        '<a class="tile{}" href="{}">{}<strong>{}</strong><span>{}</span></a>',
        " first" if first else "",
        href,
        icons.svg(icon),
        title,
        content,
    )


# --- order and place -----------------------------------------------------------------------------


@register.simple_block_tag
def timeline(content, *, label=""):
    """What happened, newest or oldest first as the page likes; holds ``{% event %}``."""
    name = format_html(' aria-label="{}"', label) if label else ""
    return format_html('<ol class="timeline"{}>{}</ol>', name, content)


@register.simple_block_tag
def event(content, *, title, at=None, who="", tone="plain", now=False):
    """One entry of a timeline. ``now``: this is where the matter stands."""
    marks = _markup(' aria-current="step"') if now else ""
    who = format_html('<span class="who">{}</span>', who) if who else ""
    content = content.strip()
    body = format_html('<div class="what">{}</div>', _markup(content)) if content else ""
    return format_html(
        '<li data-tone="{}"{}><p class="when"><strong>{}</strong> {} {}</p>{}</li>',
        _tone(tone),
        marks,
        title,
        moment(at) if isinstance(at, date) else (at or ""),
        who,
        body,
    )


@register.simple_tag
def steps(items, *, current, label=""):
    """The road of a matter; ``current`` counts from 1. Past, present and future are worded."""
    words = {"done": _("已完成"), "now": _("当前"), "next": _("未开始")}
    current = int(current)

    def state(number):
        return "done" if number < current else "now" if number == current else "next"

    rows = format_html_join(
        "",
        '<li data-state="{}"{}><span>{}<span class="vh">（{}）</span></span></li>',
        (
            (
                state(number),
                _markup(' aria-current="step"') if number == current else "",
                item,
                words[state(number)],
            )
            for number, item in enumerate(items, 1)
        ),
    )
    return format_html('<ol class="steps" aria-label="{}">{}</ol>', label or _("办理进度"), rows)


@register.simple_block_tag
def breadcrumbs(content):
    """The way back up; holds ``{% crumb %}``, the last one without ``href``."""
    return format_html(
        '<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>', _("所在位置"), content
    )


@register.simple_tag
def crumb(text, *, href=""):
    if href:
        return format_html('<li><a href="{}">{}</a></li>', href, text)
    return format_html('<li><span aria-current="page">{}</span></li>', text)


@register.simple_tag
def pager(*, previous="", following="", label=""):
    """Keyset pages: addresses of the page before and after; a missing one is not offered."""
    if not (previous or following):
        return ""
    return render_to_string(
        "components/pager.html",
        {"previous": previous, "following": following, "label": label or _("翻页")},
    )


@register.simple_block_tag
def photos(content, *, label=""):
    """A grid of pictures; holds ``{% photo %}``."""
    return format_html('<ul class="photos" aria-label="{}">{}</ul>', label or _("照片"), content)


@register.simple_tag
def photo(src, *, alt, href="", note="", width=320, height=240):
    """One picture; width and height keep its place free while it loads."""
    image = format_html(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async">',
        src,
        alt,
        width,
        height,
    )
    if href:
        image = format_html('<a href="{}">{}</a>', href, image)
    caption = format_html("<figcaption>{}</figcaption>", note) if note else ""
    return format_html("<li><figure>{}{}</figure></li>", image, caption)


# --- forms ---------------------------------------------------------------------------------------


def _kind(widget) -> str:
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, FileInput | ClearableFileInput):
        return "file"
    return "group" if widget.use_fieldset else "line"


@register.simple_tag
def field(bound, *, label="", help="", hide_label=False):
    """Any bound field: label, help, errors, control, tied together for screen readers.

    ``label`` and ``help`` replace the form's own words. Optional fields say 选填.
    """
    if not hasattr(bound, "as_widget"):
        raise template.TemplateSyntaxError(f"field wants a form's field, not {bound!r}")
    if bound.is_hidden:
        return bound.as_hidden()
    help_text = help or bound.help_text
    described = [f"{bound.auto_id}_helptext"] if help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    kind = _kind(bound.field.widget)
    attributes = {"aria-describedby": " ".join(described)} if described else {}
    if kind == "group":
        attributes = {}  # the description belongs to the fieldset
    return render_to_string(
        "components/field.html",
        {
            "bound": bound,
            "kind": kind,
            "control": bound.as_widget(attrs=attributes),
            "label": label or bound.label,
            "help": help_text,
            "hide_label": hide_label,
            "described": " ".join(described),
        },
    )


@register.simple_tag
def errors(form, *, title=""):
    """All that is wrong with a form, on top of it, each line leading to its field.

    Nothing for a form without errors. face.js moves the focus here.
    """
    if not form.is_bound or not form.errors:
        return ""
    lines = [("", error) for error in form.non_field_errors()]
    for bound in form:
        for error in bound.errors:
            if bound.is_hidden:
                lines.append(("", f"{bound.label}：{error}"))
            else:
                lines.append((_target(bound), f"{bound.label}：{error}"))
    return render_to_string(
        "components/errors.html",
        {
            "lines": [{"target": target, "text": text} for target, text in lines],
            "title": title or _("有 %(count)d 处需要修改") % {"count": len(lines)},
            "icon": icons.svg("exclamation-circle"),
        },
    )


def _target(bound) -> str:
    """The id of the control that can take the focus: the first option of a group."""
    if bound.field.widget.use_fieldset:
        return f"{bound.auto_id}_0"
    return bound.id_for_label or bound.auto_id


# --- the shell -----------------------------------------------------------------------------------


@register.filter
def message_tone(level_tag):
    """The tone of a Django message: success is ok, error is bad."""
    return {"success": "ok", "warning": "warn", "error": "bad"}.get(level_tag, "info")
