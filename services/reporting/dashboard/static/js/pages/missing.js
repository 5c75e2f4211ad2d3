// The page that says that there is no such campaign.
import "../frame.js";
