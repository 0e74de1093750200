"""A terminal's log: pasted or chosen as a file, seen as the steps it would become, brought in."""

import json

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cases.access import number_in, recording_for
from cases.recording import RecordingError
from cases.wellformed import flaw
from sandbox import terminals
from sandbox.importers.terminal.commands import MOST_CHARACTERS
from sandbox.importers.terminal.streams import LogError
from sandbox.terminals import TerminalError


class TerminalForm(forms.Form):
    log = forms.CharField(
        required=False, strip=False, max_length=MOST_CHARACTERS, widget=forms.Textarea(attrs={"rows": 12}), label="Log"
    )
    file = forms.FileField(required=False, label="or a file", allow_empty_file=True)
    kept = forms.CharField(required=False, strip=False, max_length=6 * MOST_CHARACTERS, widget=forms.HiddenInput)
    prompt = forms.CharField(required=False, max_length=40, label="Your prompt ends with")

    def clean_file(self):
        chosen = self.cleaned_data.get("file")
        if chosen and chosen.size > MOST_CHARACTERS:
            raise forms.ValidationError(
                f"The file has {chosen.size:,} bytes; at most {MOST_CHARACTERS:,} come in at once. Cut it in two."
            )
        return chosen

    def clean_kept(self):
        """What was read before and is brought in now: as JSON, for a browser changes line ends in what it sends."""
        kept = self.cleaned_data.get("kept")
        try:
            text = json.loads(kept) if kept else ""
        except (ValueError, RecursionError):
            text = None
        if not isinstance(text, str) or flaw(text):
            raise forms.ValidationError("The log did not come back whole: paste or choose it again.")
        return text

    def text(self) -> str:
        """What was read before, else the file's text, else what was pasted. Bytes that are no text become a mark."""
        said = self.cleaned_data
        chosen = said.get("file")
        text = said["kept"] or (chosen.read().decode("utf-8", errors="replace") if chosen else said["log"])
        return text.replace("\r\n", "\n")


@login_required
@require_http_methods(["GET", "POST"])
def terminal(request: HttpRequest, pk: int) -> HttpResponse:
    """Posting shows what would come in; posting it again with ``bring_in`` brings it in."""
    session = recording_for(request.user, pk)
    form = TerminalForm(request.POST or None, request.FILES or None)
    shown = {"session": session, "case": session.case, "form": form}
    if request.method == "POST" and form.is_valid():
        text, prompt = form.text(), form.cleaned_data["prompt"]
        try:
            if "bring_in" in request.POST:
                taken = {number_in(number, usual=0) for number in request.POST.getlist("step")}
                seen = terminals.preview(session, text, prompt=prompt)
                left_out = {step.number for step in seen.steps} - taken
                count = terminals.bring_in(session, text, prompt=prompt, leave_out=left_out, by=request.user)
                messages.success(request, f"{count} step{'s' if count > 1 else ''} came in from the terminal.")
                return redirect("cases:workspace", session.pk)
            shown |= {"preview": terminals.preview(session, text, prompt=prompt), "kept": json.dumps(text)}
            return render(request, "sandbox/terminal.html", shown)
        except (LogError, TerminalError, RecordingError) as error:
            form.add_error("log", str(error))
            shown["text"] = text
    return render(request, "sandbox/terminal.html", shown, status=422 if request.method == "POST" else 200)
