"""`manage.py allocate_file IN OUT`: a `chuangtou/allocation@1` document in, a `chuangtou/award@1` document out."""

from core.filecommand import FileCommand
from funding.domain.allocation import allocate


class Command(FileCommand):
    help = "按资金分配文件计算每个项目的资助金额，不需要数据库。"
    answer = staticmethod(allocate)
