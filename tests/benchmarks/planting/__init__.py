"""Diagnoses with one defect each, planted in real transcripts: what the evaluation's checks are measured with.

``bases`` collects right diagnoses with the transcripts they rest on, ``writing`` lets their claims say figures as a
careful expert would, ``defects`` spoils one thing. None of it imports a check or knows how the checks work.
"""
