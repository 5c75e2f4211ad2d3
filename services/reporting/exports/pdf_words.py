"""The fixed words of the printed reports, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "version": ("phiên bản", "version"),
    "page": ("Trang", "Page"),
    "rank": ("Hạng", "Rank"),
    "unit": ("Đơn vị", "Unit"),
    "index": ("Chỉ số (%)", "Index (%)"),
    "points": ("Điểm đạt / tối đa", "Points / attainable"),
    "earned": ("Điểm đạt", "Points"),
    "n": ("Số phiếu", "Responses"),
    "band": ("Xếp loại", "Grade"),
    "suppressed": ("không công bố", "suppressed"),
    "nobody": ("Không có đơn vị nào.", "There is no unit."),
    "interval": (
        "vạch ngang và hạng trong ngoặc: khoảng tin cậy 95 %",
        "whiskers and ranks in brackets: 95 % intervals",
    ),
    "provisional": ("tạm tính", "provisional"),
    "lost": ("Điểm mất", "Points lost"),
    "adjustments": ("Điểm thưởng / điểm trừ", "Bonus / penalty"),
    "by_field": ("Theo lĩnh vực", "By field"),
    "by_field_below": ("Vạch vàng: trung bình của khối.", "Gold mark: the mean of the block."),
    "by_group": ("Theo nhóm đối tượng", "By group"),
    "by_group_below": (
        "Chỉ số nếu chỉ tính ý kiến của riêng từng nhóm.",
        "The index by the answers of each group alone.",
    ),
    "most_lost": ("Mất điểm nhiều nhất ở đâu", "Where most points were lost"),
    "most_lost_below": (
        "Các tiêu chí thành phần mất nhiều điểm nhất.",
        "The sub-criteria by points lost.",
    ),
    "tree": ("Toàn bộ tiêu chí", "All criteria"),
    "tree_below": (
        "Với điều tra xã hội học: tỷ lệ điểm của từng nhóm và (số ý kiến).",
        "Of the survey: each group's share of the points and (answers).",
    ),
    "field": ("Lĩnh vực", "Field"),
    "group": ("Nhóm đối tượng", "Group"),
    "mean": ("TB khối", "Mean"),
    "code": ("Mã", "Code"),
    "name": ("Tên", "Name"),
    "leaf": ("Tiêu chí thành phần", "Sub-criterion"),
    "maximum": ("Tối đa", "Max."),
    "survey": ("Điều tra xã hội học", "Survey"),
    "appraisal": ("Thẩm định", "Appraisal"),
    "pending": ("chưa có điểm", "pending"),
    "not_applicable": ("không áp dụng", "not applicable"),
    "dagger": (
        "† Tạm tính. “=” sau hạng: đồng hạng. “—”: chưa có số liệu.",
        "† Provisional. “=” after a rank: tied. “—”: no figure yet.",
    ),
}
"""By name in the templates: Vietnamese, English."""
