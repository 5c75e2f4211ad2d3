"""The columns of all files: what kind of thing stands in each, and its heading in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.reporting.exports.table import Kind

HEADINGS: Mapping[str, tuple[Kind, str, str]] = {
    "campaign": ("text", "Cuộc khảo sát", "Campaign"),
    "version": ("whole", "Phiên bản", "Version"),
    "state": ("whole", "Trạng thái số liệu", "State of the figures"),
    "publication": ("whole", "Công bố lần", "Publication"),
    "counted": ("whole", "Số phiếu đã tính", "Responses counted"),
    "block": ("text", "Khối", "Block"),
    "field": ("text", "Lĩnh vực", "Field"),
    "criterion": ("text", "Tiêu chí", "Criterion"),
    "leaf": ("text", "Tiêu chí thành phần", "Sub-criterion"),
    "group": ("text", "Nhóm đối tượng", "Group"),
    "rank": ("whole", "Hạng", "Rank"),
    "tied": ("flag", "Đồng hạng", "Tied"),
    "rank_low": ("whole", "Hạng từ (95 %)", "Rank from (95 %)"),
    "rank_high": ("whole", "Hạng đến (95 %)", "Rank to (95 %)"),
    "interval_low": ("figure", "Chỉ số từ (95 %)", "Index from (95 %)"),
    "interval_high": ("figure", "Chỉ số đến (95 %)", "Index to (95 %)"),
    "unit": ("text", "Mã đơn vị", "Unit code"),
    "name": ("label", "Tên", "Name"),
    "unit_name": ("label", "Đơn vị", "Unit"),
    "leaf_name": ("label", "Tên tiêu chí thành phần", "Sub-criterion's name"),
    "index": ("figure", "Chỉ số (%)", "Index (%)"),
    "index_exact": ("exact", "Chỉ số chính xác", "Index, exact"),
    "se": ("figure", "Sai số chuẩn", "Standard error"),
    "earned": ("points", "Điểm đạt", "Points earned"),
    "attainable": ("points", "Điểm tối đa", "Points attainable"),
    "lost": ("points", "Điểm mất", "Points lost"),
    "bonus": ("points", "Điểm thưởng", "Bonus points"),
    "penalty": ("points", "Điểm trừ", "Penalty points"),
    "band": ("label", "Xếp loại", "Grade"),
    "n": ("whole", "Số phiếu", "Responses"),
    "provisional": ("flag", "Tạm tính", "Provisional"),
    "pending": ("codes", "Tiêu chí chưa có điểm", "Leaves pending"),
    "suppressed": ("flag", "Không công bố (ít phiếu)", "Suppressed (few answers)"),
    "released": ("flag", "Công bố theo đợt", "As last released"),
    "level": ("code", "Cấp", "Level"),
    "method": ("code", "Phương pháp", "Method"),
    "leaf_state": ("code", "Tình trạng", "State"),
    "max_points": ("points", "Điểm chuẩn", "Maximum"),
    "block_mean": ("figure", "Trung bình khối (%)", "Mean of the block (%)"),
    "block_best": ("figure", "Cao nhất khối (%)", "Best of the block (%)"),
    "answers": ("whole", "Số ý kiến", "Answers"),
    "no_opinion": ("whole", "Không có ý kiến", "No opinion"),
    "share": ("share", "Tỷ lệ điểm (0-1)", "Share of points (0-1)"),
    "forms": ("whole", "Số phiếu đã thu", "Forms counted"),
    "required": ("whole", "Số phiếu cần thu", "Forms required"),
    "quota_share": ("percent", "Đạt chỉ tiêu (%)", "Of the quota (%)"),
    "quota_per": ("code", "Chỉ tiêu tính theo", "Quota per"),
    "quota_forms": ("whole", "Chỉ tiêu", "Quota"),
    "quota_covers": ("code", "Chỉ tiêu là", "Quota covers"),
    "rated": ("whole", "Số lượt đánh giá đơn vị", "Ratings of its units"),
    "cells": ("whole", "Số đơn vị", "Units"),
    "missing": ("whole", "Số đơn vị thiếu phiếu", "Units with too few forms"),
    "below": ("whole", "Thiếu khi ít hơn (phiếu)", "Too few below (forms)"),
    "day": ("text", "Ngày", "Day"),
    "submitted": ("whole", "Gửi mới", "Submitted"),
    "edited": ("whole", "Sửa", "Edited"),
    "withdrawn": ("whole", "Rút lại", "Withdrawn"),
    "duplicate": ("whole", "Trùng lặp", "Duplicate"),
    "superseded": ("whole", "Bị thay thế", "Superseded"),
    "conflict": ("whole", "Mâu thuẫn", "Conflict"),
    "rejected": ("whole", "Chưa áp dụng được", "Not applied"),
    "channel": ("code", "Kênh", "Channel"),
    "reason": ("text", "Mã lý do", "Reason's code"),
    "records": ("whole", "Số bản ghi", "Records"),
    "no_opinion_share": ("percent", "Không có ý kiến (%)", "No opinion (%)"),
    "ratings": ("whole", "Số lượt đánh giá từ 5 câu", "Ratings of 5 answers or more"),
    "straight_lining": ("percent", "Chọn một phương án cho mọi câu (%)", "One answer throughout (%)"),
    "warning": ("code", "Cảnh báo", "Warning"),
    "found": ("percent", "Tỷ lệ (%)", "Found (%)"),
    "limit": ("whole", "Ngưỡng (%)", "Threshold (%)"),
    "detail": ("label", "Nội dung", "Detail"),
    "self_points": ("points", "Điểm tự đánh giá", "Self-assessed"),
    "points": ("points", "Điểm thẩm định", "Appraised"),
    "not_applicable": ("flag", "Không áp dụng", "Not applicable"),
    "option": ("text", "Mã trả lời", "Option"),
    "label": ("label", "Trả lời", "Answer"),
    "percent": ("points", "Giá trị (%)", "Worth (%)"),
    "note": ("text", "Lý do", "Reason"),
    "evidence": ("text", "Minh chứng", "Evidence"),
}
"""By code: the kind, Vietnamese, English."""

VALUES: Mapping[object, Mapping[str, str]] = {
    "unit": {"vi": "đơn vị", "en": "unit"},
    "group": {"vi": "nhóm", "en": "group"},
    "field": {"vi": "lĩnh vực", "en": "field"},
    "criterion": {"vi": "tiêu chí", "en": "criterion"},
    "leaf": {"vi": "tiêu chí thành phần", "en": "sub-criterion"},
    "answers": {"vi": "ý kiến của nhóm", "en": "a group's answers"},
    "block": {"vi": "khối", "en": "block"},
    "campaign": {"vi": "cuộc khảo sát", "en": "campaign"},
    "survey": {"vi": "điều tra xã hội học", "en": "survey"},
    "appraisal": {"vi": "thẩm định", "en": "appraisal"},
    "scored": {"vi": "đã có điểm", "en": "scored"},
    "pending": {"vi": "chưa có điểm", "en": "pending"},
    "not_applicable": {"vi": "không áp dụng", "en": "not applicable"},
    "sample": {"vi": "mẫu của nhóm", "en": "a sample of the group"},
    "population": {"vi": "toàn bộ nhóm", "en": "all of the group"},
    "web": {"vi": "trang web", "en": "web"},
    "tablet": {"vi": "máy tính bảng", "en": "tablet"},
    "paper": {"vi": "phiếu giấy", "en": "paper"},
    "import": {"vi": "nhập từ tệp", "en": "import"},
    "behind": {"vi": "chậm tiến độ", "en": "behind"},
    "edited": {"vi": "sửa phiếu", "en": "edited"},
    "withdrawn": {"vi": "rút phiếu", "en": "withdrawn"},
    "conflict": {"vi": "mâu thuẫn", "en": "conflict"},
    "no_opinion": {"vi": "không có ý kiến", "en": "no opinion"},
    "straight_lining": {"vi": "chọn một phương án", "en": "one answer throughout"},
}
"""What the API's own words for a level, a method, a state, a quota, a channel or a warning are called."""

NOTES: tuple[Mapping[str, str], ...] = (
    {
        "vi": "Mọi số liệu thuộc cùng một trạng thái của nhật ký phiếu; trạng thái sau có thể khác.",
        "en": "All figures belong to one state of the log of responses; a later state may differ.",
    },
    {
        "vi": "Tạm tính: còn tiêu chí thành phần chưa có điểm nên chỉ số sẽ thay đổi.",
        "en": "Provisional: some sub-criteria have no points yet, so that the index will change.",
    },
    {
        "vi": "Không công bố: số liệu dựa trên quá ít phiếu, hoặc làm lộ số liệu như vậy; ô trống không phải là số 0.",
        "en": "Suppressed: rests on too few answers, or would give such away; an empty cell is not a zero.",
    },
    {
        "vi": "Hạng xếp theo chỉ số chưa làm tròn, trong từng khối.",
        "en": "Ranks are by the unrounded index, within the block.",
    },
)

PUBLISHED: tuple[Mapping[str, str], ...] = (
    {
        "vi": "Kết quả công bố không thay đổi nữa; mã SHA-256 cho phép đối chiếu từng chữ số với nhật ký phiếu.",
        "en": "What is published does not change any more; by the SHA-256 every digit can be checked against the log.",
    },
    *NOTES[1:],
)

REASONS: Mapping[str, Mapping[str, str]] = {
    "open": {"vi": "khảo sát chưa kết thúc", "en": "the campaign was open"},
    "pending": {"vi": "còn tiêu chí thành phần chưa có điểm", "en": "some sub-criteria had no points"},
    "withheld": {"vi": "có đơn vị không công bố chỉ số", "en": "the index of some units is withheld"},
}
"""Why a publication was made although something stood against it."""

RELEASED: Mapping[str, str] = {
    "vi": "Phần chi tiết được công bố theo đợt: là số liệu của đợt gần nhất, không phải của trạng thái hiện tại.",
    "en": "Breakdowns are released in steps: these are of the last release and not of the present state.",
}
