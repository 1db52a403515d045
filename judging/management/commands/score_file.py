"""`manage.py score_file IN OUT`: the ranked results of a scoring document, without a database."""

from core.filecommand import FileCommand
from judging.domain.scoring import compute


class Command(FileCommand):
    help = "读取 chuangtou/scoring@1 评分文件，写出 chuangtou/result@1 结果文件；不需要数据库。"
    answer = staticmethod(compute)
