"""The words for days and times in the ten documented languages: data, and no rule but these.

Rules: what has the same meaning stands between two bars, beginning at Monday, January, today, one;
words are parted by blanks, and `_` is a blank inside of one. Accents and case do not matter, so
each word stands once. A word may have several meanings (`morgen`); the forms that it fits into
decide, and where two of them fit the words are refused (`diaryclient.typed.times.time_reading`).
"""

from typing import Final, NamedTuple


class Language(NamedTuple):
    """The words of one language; a field that is left out has none.

    `near`: today, yesterday, the day before. `numbers`: one to twelve. `units`: minute,
    hour, day, week, month, year. `parts`: small hours, morning, noon, afternoon, evening.
    `halves`: the twelve hours before noon and those after it, where they are said before the hour.
    `before_last` is said before a weekday or unit, `after_last` after it; so `before_ago`,
    `after_ago` and a number of units. `on` leads in a day, `at` a time, `of` a month or year.
    `has_numerals`: 三 and 十二 are numbers.
    """

    weekdays: str
    near: str
    tomorrow: str
    units: str
    months: str = ""
    numbers: str = ""
    article: str = ""
    now: str = ""
    parts: str = ""
    noon: str = ""
    before_ago: str = ""
    after_ago: str = ""
    before_last: str = ""
    after_last: str = ""
    this: str = ""
    at: str = ""
    on: str = ""
    of: str = ""
    oclock: str = ""
    half_past: str = ""
    year_mark: str = ""
    month_mark: str = ""
    day_mark: str = ""
    minute_mark: str = ""
    weekdays_of_last_week: str = ""
    last_week_month_year: str = ""
    this_week_month_year: str = ""
    halves: str = ""
    parts_of_yesterday: str = ""
    parts_of_today: str = ""
    has_numerals: bool = False


_CHINESE_DAYS: Final = "一", "二", "三", "四", "五", "六", "日 天"
_CHINESE_WEEKS: Final = "周", "週", "星期", "礼拜", "禮拜"
_JAPANESE_DAYS: Final = "月", "火", "水", "木", "金", "土", "日"


def _each_day(days: tuple[str, ...], forms: tuple[str, ...]) -> str:
    """Give the seven groups of weekdays; `{}` in a form stands for the day."""
    return "|".join(
        " ".join(form.format(day) for form in forms for day in group.split()) for group in days
    )


LANGUAGES: Final[dict[str, Language]] = {
    "English": Language(
        weekdays="monday mon|tuesday tues tue|wednesday wed|thursday thurs thur thu|friday fri"
        "|saturday sat|sunday sun",
        months="january jan|february feb|march mar|april apr|may|june jun|july jul|august aug"
        "|september sept sep|october oct|november nov|december dec",
        near="today|yesterday|day_before_yesterday",
        tomorrow="tomorrow",
        now="now",
        numbers="one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
        article="a an",
        units="minute minutes min mins|hour hours|day days|week weeks|month months|year years",
        after_ago="ago",
        before_last="last",
        this="this",
        parts="|morning in_the_morning||afternoon in_the_afternoon|evening in_the_evening",
        parts_of_today="|this_morning||this_afternoon|this_evening",
        noon="noon midday",
        at="at",
        on="on on_the the",
        of="of",
        oclock="o'clock oclock",
    ),
    "Chinese": Language(
        weekdays=_each_day(_CHINESE_DAYS, tuple(f"{week}{{}}" for week in _CHINESE_WEEKS)),
        weekdays_of_last_week=_each_day(
            _CHINESE_DAYS,
            tuple(f"上{a}{week}{{}}" for a in ("", "个", "個") for week in _CHINESE_WEEKS),
        ),
        near="今天 今日|昨天 昨日|前天 前日",
        tomorrow="明天 明日",
        now="现在 現在",
        units="分钟 分鐘|小时 小時 个小时 個小時 钟头 鐘頭 个钟头 個鐘頭|天 日"
        "|周 週 星期 礼拜 禮拜 个星期 個星期 个礼拜 個禮拜|个月 個月|年",
        after_ago="前 之前 以前",
        parts="凌晨|早上 上午 早晨|中午|下午|晚上",
        parts_of_yesterday="||||昨晚",
        parts_of_today="|今早|||今晚",
        noon="中午 正午",
        last_week_month_year="上周 上週 上星期 上个星期 上個星期 上礼拜 上禮拜 上个礼拜 上個禮拜"
        "|上月 上个月 上個月|去年",
        this_week_month_year="本周 本週 这周 這週 这个星期 這個星期|本月 这个月 這個月|今年",
        oclock="点 點 点钟 點鐘 时 時",
        half_past="半",
        year_mark="年",
        month_mark="月",
        day_mark="日 号 號",
        minute_mark="分",
        has_numerals=True,
    ),
    "Spanish": Language(
        weekdays="lunes lun|martes mar|miércoles mié|jueves jue|viernes vie|sábado sáb|domingo dom",
        months="enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto"
        "|septiembre setiembre sept sep|octubre oct|noviembre nov|diciembre dic",
        near="hoy|ayer|anteayer antes_de_ayer antier",
        tomorrow="mañana",
        now="ahora",
        numbers="un una uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce",
        units="minuto minutos min|hora horas|día días|semana semanas|mes meses|año años",
        before_ago="hace",
        after_ago="atrás",
        before_last="último última pasado pasada",
        after_last="pasado pasada",
        this="este esta",
        parts="de_la_madrugada|de_la_mañana por_la_mañana||de_la_tarde por_la_tarde"
        "|de_la_noche por_la_noche",
        noon="mediodía al_mediodía",
        at="a_las a_la",
        on="el la",
        of="de del",
        oclock="h hora horas",
    ),
    "French": Language(
        weekdays="lundi lun|mardi mar|mercredi mer|jeudi jeu|vendredi ven|samedi sam|dimanche dim",
        months="janvier janv jan|février févr fév|mars|avril avr|mai|juin|juillet juil|août"
        "|septembre sept sep|octobre oct|novembre nov|décembre déc",
        near="aujourd'hui|hier|avant-hier avant_hier",
        tomorrow="demain",
        now="maintenant",
        numbers="un une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze",
        units="minute minutes min|heure heures|jour jours|semaine semaines|mois"
        "|an ans année années",
        before_ago="il_y_a",
        after_last="dernier dernière passé passée",
        this="ce cet cette",
        parts="|matin du_matin||après-midi de_l'après-midi|soir du_soir",
        parts_of_today="|ce_matin||cet_après-midi|ce_soir",
        noon="midi",
        at="à",
        on="le la l'",
        oclock="h heure heures",
    ),
    "German": Language(
        weekdays="montag mo|dienstag di|mittwoch mi|donnerstag do|freitag fr|samstag sonnabend sa"
        "|sonntag so",
        months="januar jänner jan|februar feber feb|märz maerz mrz|april apr|mai|juni jun"
        "|juli jul|august aug|september sept sep|oktober okt|november nov|dezember dez",
        near="heute|gestern|vorgestern",
        tomorrow="morgen",
        now="jetzt",
        numbers="ein eine einem einer|zwei|drei|vier|fünf fuenf|sechs|sieben|acht|neun|zehn|elf"
        "|zwölf zwoelf",
        units="minute minuten min|stunde stunden|tag tage tagen|woche wochen|monat monate monaten"
        "|jahr jahre jahren",
        before_ago="vor",
        before_last="letzte letzter letztes letzten letztem vorige voriger voriges vorigen"
        " vorigem vergangene vergangenes vergangenen",
        this="diese dieser dieses diesen diesem",
        parts="|morgen morgens vormittag vormittags früh|mittags|nachmittag nachmittags"
        "|abend abends",
        noon="mittag",
        at="um",
        on="am",
        oclock="uhr h",
    ),
    "Italian": Language(
        weekdays="lunedì lun|martedì mar|mercoledì mer|giovedì gio|venerdì ven|sabato sab"
        "|domenica dom",
        months="gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug"
        "|agosto|settembre sett set|ottobre ott|novembre nov|dicembre dic",
        near="oggi|ieri|l'altro_ieri altro_ieri ieri_l'altro avantieri",
        tomorrow="domani",
        now="adesso ora",
        numbers="un uno una|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici",
        units="minuto minuti min|ora ore|giorno giorni|settimana settimane|mese mesi|anno anni",
        after_ago="fa",
        before_last="scorso scorsa ultimo ultima",
        after_last="scorso scorsa passato passata",
        this="questo questa",
        parts="|mattina di_mattina del_mattino||pomeriggio del_pomeriggio di_pomeriggio"
        "|sera di_sera della_sera",
        noon="mezzogiorno a_mezzogiorno",
        at="alle alla all' ore alle_ore",
        on="il lo la l'",
        of="di",
        oclock="h",
    ),
    "Japanese": Language(
        weekdays=_each_day(_JAPANESE_DAYS, ("{}曜日", "{}曜")),
        weekdays_of_last_week=_each_day(
            _JAPANESE_DAYS, ("先週の{}曜日", "先週の{}曜", "先週{}曜日", "先週{}曜")
        ),
        near="今日 きょう|昨日 きのう|一昨日 おととい",
        tomorrow="明日 あした",
        now="今",
        units="分|時間|日|週間|か月 ヶ月 カ月 ヵ月 ケ月|年",
        after_ago="前",
        parts="|朝||夕方|夜",
        halves="午前|午後",
        parts_of_yesterday="||||昨夜 昨晩",
        parts_of_today="|今朝|||今夜 今晩",
        noon="正午",
        last_week_month_year="先週|先月|去年 昨年",
        this_week_month_year="今週|今月|今年",
        at="の",
        oclock="時",
        half_past="半",
        year_mark="年",
        month_mark="月",
        day_mark="日",
        minute_mark="分",
        has_numerals=True,
    ),
    "Dutch": Language(
        weekdays="maandag ma|dinsdag di|woensdag wo|donderdag do|vrijdag vr|zaterdag za|zondag zo",
        months="januari jan|februari feb|maart mrt|april apr|mei|juni jun|juli jul|augustus aug"
        "|september sept sep|oktober okt|november nov|december dec",
        near="vandaag|gisteren|eergisteren",
        tomorrow="morgen",
        now="nu",
        numbers="een|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf",
        units="minuut minuten min|uur uren|dag dagen|week weken|maand maanden|jaar jaren",
        after_ago="geleden",
        before_last="vorige afgelopen",
        this="deze dit",
        parts="'s_nachts|ochtend 's_ochtends 's_morgens||middag 's_middags|avond 's_avonds",
        at="om",
        on="op",
        oclock="uur u h",
    ),
    "Portuguese": Language(
        weekdays="segunda segunda-feira seg|terça terça-feira ter|quarta quarta-feira qua"
        "|quinta quinta-feira qui|sexta sexta-feira sex|sábado sáb|domingo dom",
        months="janeiro jan|fevereiro fev|março mar|abril abr|maio mai|junho jun|julho jul"
        "|agosto|setembro set|outubro out|novembro nov|dezembro dez",
        near="hoje|ontem|anteontem",
        tomorrow="amanhã",
        now="agora",
        numbers="um uma|dois duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze",
        units="minuto minutos min|hora horas|dia dias|semana semanas|mês meses|ano anos",
        before_ago="há faz",
        after_ago="atrás",
        before_last="último última",
        after_last="passado passada",
        this="este esta neste nesta",
        parts="da_madrugada|da_manhã de_manhã||da_tarde de_tarde à_tarde|da_noite de_noite à_noite",
        noon="meio-dia",
        at="às à ao",
        on="o a no na em",
        of="de do",
        oclock="h hora horas",
    ),
    "Russian": Language(
        weekdays="понедельник пн|вторник вт|среда среду ср|четверг чт|пятница пятницу пт"
        "|суббота субботу сб|воскресенье вс",
        months="январь января янв|февраль февраля фев|март марта мар|апрель апреля апр|май мая"
        "|июнь июня июн|июль июля июл|август августа авг|сентябрь сентября сен"
        "|октябрь октября окт|ноябрь ноября ноя|декабрь декабря дек",
        near="сегодня|вчера|позавчера",
        tomorrow="завтра",
        now="сейчас",
        numbers="один одну|два две|три|четыре|пять|шесть|семь|восемь|девять|десять|одиннадцать"
        "|двенадцать",
        units="минута минуту минуты минут мин|час часа часов|день дня дней"
        "|неделя неделю недели недель неделе|месяц месяца месяцев месяце|год года лет году",
        after_ago="назад",
        before_last="прошлый прошлая прошлое прошлую прошлой прошлом",
        this="этот эта это эту этой этом",
        parts="ночи|утра||дня|вечера",
        noon="полдень",
        at="в во",
        on="в во на",
        oclock="час часа часов",
        year_mark="года",
    ),
}
