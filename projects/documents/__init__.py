"""Papers of a proposal: W3 项目申报书 and the receipt as Word, the dossier as one archive."""
