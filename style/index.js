import './base.css';
import './runs.css';
import './leaderboard.css';
import './pages.css';
