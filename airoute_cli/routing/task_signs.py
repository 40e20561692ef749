"""What speaks for a task: words, pairs of words, opening words and shapes, each with a weight.

English first, with the commonest words of German, French and Spanish. Weights are in steps of a
half: 3 is a word that hardly means anything else, 1 one that only adds to others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airoute_cli.core.frozen import frozen

Weighted = Mapping[float, str]  # weight → words (or pairs joined by +), separated by white space


@frozen
class Signs:
    """The signs of one task.

    ``opens`` counts where it is the first word of the text or of its last line that is not mere
    politeness, ``words`` and ``pairs`` anywhere.
    """

    opens: Weighted
    words: Weighted
    pairs: Weighted


POLITE = frozenset(
    [
        "please",
        "kindly",
        "pls",
        "plz",
        "can",
        "could",
        "would",
        "will",
        "you",
        "i",
        "we",
        "need",
        "want",
        "like",
        "to",
        "help",
        "me",
        "us",
        "the",
        "a",
        "an",
        "and",
        "now",
        "then",
        "just",
        "quickly",
        "ok",
        "okay",
        "so",
        "hi",
        "hello",
        "hey",
        "dear",
        "have",
        "using",
        "also",
        "your",
        "my",
        "bitte",
        "kannst",
        "könnten",
        "können",
        "sie",
        "du",
        "mir",
        "uns",
        "ich",
        "möchte",
        "peux",
        "pouvez",
        "tu",
        "vous",
        "pourriez",
        "me",
        "moi",
        "s'il",
        "il",
        "te",
        "plaît",
        "por",
        "favor",
        "puedes",
        "podrías",
        "puede",
    ]
)

_LANGUAGES = [
    "english",
    "french",
    "german",
    "spanish",
    "italian",
    "portuguese",
    "dutch",
    "polish",
    "russian",
    "chinese",
    "mandarin",
    "japanese",
    "korean",
    "arabic",
    "hindi",
    "turkish",
    "swedish",
    "danish",
    "norwegian",
    "finnish",
    "greek",
    "czech",
    "ukrainian",
    "hebrew",
    "vietnamese",
    "thai",
    "latin",
    "englische",
    "englisch",
    "deutsche",
    "deutsch",
    "französische",
    "französisch",
    "spanische",
    "spanisch",
    "italienische",
    "anglais",
    "allemand",
    "français",
    "espagnol",
    "italien",
    "inglés",
    "alemán",
    "francés",
    "español",
    "italiano",
    "portugués",
]
_TO_LANGUAGE = " ".join(
    f"{link}+{language}"
    for language in _LANGUAGES
    for link in ("to", "into", "from", "in", "ins", "en", "al", "auf")
)
_FROM_LANGUAGE = " ".join(f"{language}+to" for language in _LANGUAGES)
_WORD_IN_LANGUAGE = " ".join(
    f"{language}+{noun}"
    for language in _LANGUAGES
    for noun in ("translation", "version", "word", "equivalent")
)

SIGNS: Mapping[str, Signs] = {
    "summarise": Signs(
        opens={
            4: "summarize summarise condense recap tldr zusammenfassen fasse résume résumez "
            "resume resuma abridge",
            3: "shorten boil distil distill",
            2.5: "shrink condensa fassen",
        },
        words={
            3: "summary summaries summarize summarise summarizing tldr takeaways gist nutshell "
            "zusammenfassung resumen synopsis condense",
            2: "recap overview essentials résumé",
            1.5: "highlights zusammen shorten",
            0.5: "brief short sentences article transcript thread",
            2.5: "abstract digest",
        },
        pairs={
            4: "tl+dr",
            3: "key+points main+points main+ideas sum+up in+short points+clés puntos+clave",
            1: "bullet+points one+line one+sentence two+sentences three+sentences en+cinq "
            "executive+summary a+paragraph boil+down",
            2.5: "short+version main+arguments was+decided important+points basically+saying "
            "what+happened kurz+zusammen",
        },
    ),
    "code": Signs(
        opens={
            3: "implement refactor debug code",
            1.5: "fix optimise optimize deploy install configure implementiere programmiere "
            "implementa programa",
        },
        words={
            3: "sql regex regexp pytest unittest typescript golang powershell dockerfile typeerror "
            "valueerror keyerror nullpointerexception segfault stacktrace traceback goroutines "
            "refactor numpy pandas fastapi django kubernetes kubectl cmake",
            2.5: "python javascript java bash docker react html css npm postgres mysql mongodb",
            2: "git rust php ruby kotlin swift compiler linux nginx terraform ansible exception "
            "api graphql webpack flask function funktion función fonction",
            1.5: "code script array algorithm debug yaml endpoint endpoints repo repository diff "
            "compile compiles syntax async recursion codebase",
            1: "class component query database bug command cli loop variable json container "
            "library server hooks method pipeline schema",
            3.5: "flexbox cron openapi makefile modulenotfounderror",
        },
        pairs={
            3: "pull+request linked+list unit+test unit+tests stack+trace binary+tree hash+map "
            "shell+script merge+conflict",
            2: "next+js node+js command+line type+error data+structure rate+limiter c+program",
            2.5: "rest+endpoint json+schema type+hints github+actions",
        },
    ),
    "extract": Signs(
        opens={
            4: "extract extrahiere extrais extrayez extrae extraer",
            3: "parse pull",
            2: "identify retrieve collect list find get",
            1: "return locate which grab fetch take",
            2.5: "pick copy scan fill relève saca nenne",
        },
        words={
            3: "extract extracting extrahieren extraire",
            2: "entities mentioned",
            1.5: "fields json urls",
            1: "emails dates names numbers named keys csv rows occur columns prices ids",
            0.5: "addresses items following text",
            2.5: "mention mentions",
        },
        pairs={
            3: "named+entities named+entity action+items email+addresses phone+numbers",
            1.5: "in+this this+message this+text this+document this+email text+below from+this "
            "from+the out+of as+json json+objects following+text following+paragraph",
            2.5: "who+signed list+them toutes+les todos+los",
        },
    ),
    "classify": Signs(
        opens={
            4: "classify categorize categorise klassifiziere kategorisiere classifie classe "
            "clasifica",
            3: "label tag rate assign detect",
            2: "determine decide",
            2.5: "flag sort predict choose ordne",
        },
        words={
            3: "sentiment classify classification",
            2.5: "toxic category categories kategorie catégorie catégories categoría",
            2: "intent severity label labels",
            1.5: "spam tag tags urgency neutral belong belongs",
            1: "positive negative positiv negativ false whether priority angry phishing",
            0.5: "true topic review tweet",
            3.5: "genuine sarcasm entailment contradiction paraphrases hypothesis clickbait",
        },
        pairs={
            2: "positive+or or+negative yes+or or+not or+no one+word hate+speech true+or "
            "language+of oder+negativ following+categories following+labels",
            1: "one+of is+this does+this does+the which+of",
            2.5: "yes+no fake+or star+rating me+if",
        },
    ),
    "translate": Signs(
        opens={
            5: "translate übersetze übersetzen traduis traduisez traduire traduce traduzca",
            1.5: "render",
            2.5: "say localise localize",
        },
        words={
            4: "translate translated translation translations übersetze übersetzen übersetzung "
            "traduis traduire traduction traduce traducir traducción translating",
            0.5: " ".join(_LANGUAGES),
        },
        pairs={
            2: _TO_LANGUAGE,
            2.5: f"{_FROM_LANGUAGE} you+say mean+in {_WORD_IN_LANGUAGE}",
            3: "words+mean dit+on word+mean",
        },
    ),
    "chat": Signs(
        opens={},
        words={
            3: "bye goodbye haha hahaha lol joke tschüss",
            2.5: "bored",
            1.5: "hi hello hey lonely thanks thx danke gracias merci hola bonjour hallo salut",
            1: "fun awful feel sad happy talk chat",
            2: "yo yay",
        },
        pairs={
            3: "how+are your+name your+favourite your+favorite good+morning good+evening "
            "good+night wie+geht ça+va qué+tal nice+to meet+you "
            "about+yourself you+doing bad+day",
            2: "who+are s+up thank+you see+you i+feel made+my you+like talk+about",
            1: "are+you i+am let+s",
            0.5: "do+you",
        },
    ),
    "reason": Signs(
        opens={
            4: "solve prove calculate compute derive berechne beweise calcule calcula résous",
            3: "compare evaluate analyse analyze weigh should",
            1.5: "explain why if find show estimate vergleiche compara",
            2.5: "simplify",
        },
        words={
            3: "prove probability reasoning",
            2.5: "solve calculate equation altogether begründe pros",
            2: "cheaper angle proof compare analyse analyze tradeoffs theorem integral derivative "
            "percent polynomial",
            1.5: "logic argument half measure puzzle riddle",
            1: "why each twice remaining faster older per total km mph more less recommend",
            3.5: "flaw fallacy",
        },
        pairs={
            3: "step+by pros+and trade+offs square+root prove+that if+all cons+of your+reasoning "
            "explain+why",
            2: "should+we how+much better+to which+of",
            1.5: "should+i how+many how+would why+would how+can",
            2.5: "better+deal your+working work+out",
        },
    ),
    "write": Signs(
        opens={
            3: "write draft compose rewrite rephrase paraphrase proofread brainstorm schreibe "
            "schreib verfasse formuliere rédige rédigez écris escribe redacta reword polish",
            2: "create generate improve edit suggest invent come",
            1: "tell make give craft",
            2.5: "expand continue correct verfasse invente reply",
        },
        words={
            3: "essay poem haiku rewrite rephrase paraphrase proofread gedicht "
            "poème poema limerick",
            2.5: "story slogan tagline blog",
            2: "draft letter lettre carta courriel correo speech lyrics",
            1.5: "email newsletter polite tone caption headline catchy",
            1: "ideas post birthday professional invitation announcement announcing sounds",
            0.5: "paragraph message description",
            3.5: "captions grammar",
        },
        pairs={
            2: "name+ideas cover+letter come+up style+of subject+lines product+description "
            "blog+post linkedin+post more+professional bedtime+story",
            2.5: "press+release job+ad",
        },
    ),
}

# Shapes of the text: patterns that start with a fixed character, so that a search is quick.
SHAPES: tuple[tuple[str, float, re.Pattern[str]], ...] = (
    ("code", 3, re.compile(r"```")),
    ("code", 2, re.compile(r"`[^`\n]{2,80}`")),
    (
        "code",
        2.5,
        re.compile(r"\n\s*(?:def |class \w+[:({]|import |function |const |#include|public )"),
    ),
    ("code", 1.5, re.compile(r"[;{][ \t]*(?:\n|$|\}|done)")),
    ("code", 1.5, re.compile(r"\(\)")),
    ("code", 1.5, re.compile(r"=(?:==|>)")),
    ("code", 1.5, re.compile(r"</")),
    ("code", 2.5, re.compile(r"c(?:\+\+|#)")),
    ("code", 2, re.compile(r"(?:error|exception): ")),
    ("reason", 4, re.compile(r"\n\(?a[.)] .*\n\(?b[.)] ")),
    ("reason", 2.5, re.compile(r"[0-9](?:[0-9.]* ?% of |x\b| ?[+*/^=] ?[0-9])")),
    ("reason", 1.5, re.compile(r"[0-9][^0-9?]+[0-9][^?]*\?")),
    ("reason", 1, re.compile(r"answer:\s*$")),
)
