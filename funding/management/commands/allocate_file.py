"""`manage.py allocate_file IN OUT`: who gets how much and why, without a database."""

from core.filecommand import FileCommand
from funding.domain.allocation import allocate


class Command(FileCommand):
    help = "读取 chuangtou/allocation@1 分配文件，写出 chuangtou/award@1 结果文件；不需要数据库。"
    answer = staticmethod(allocate)
